"""Stands in for GTSfM's runner of 2023, laid over the stand-in of today's: a cluster of its own over SSH, and nowhere to pass a client."""
import argparse
import os

import yaml
from dask.distributed import Client, LocalCluster, SSHCluster

from gtsfm.scene_optimizer import reconstruct


class Part:
    _input_worker = _output_worker = None


class GtsfmRunnerBase:
    def __init__(self, tag):
        self._tag = tag
        self.parsed_args = self.construct_argparser().parse_args()
        self.loader, self.scene_optimizer = self.construct_loader(), Part()

    def construct_argparser(self):
        parser = argparse.ArgumentParser(description=self._tag)
        for name in "config_name correspondence_generator_config_name verifier_config_name output_root cluster_config worker_memory_limit dashboard_port dask_tmpdir".split():
            parser.add_argument("--" + name)
        for name in "num_workers threads_per_worker max_resolution max_frame_lookahead num_matched num_retry_cluster_connection".split():
            parser.add_argument("--" + name, type=int, default=1)
        for name in "share_intrinsics mvs_off".split():
            parser.add_argument("--" + name, action="store_true")
        return parser

    def setup_ssh_cluster_with_retries(self):
        with open(os.path.join("gtsfm", "configs", self.parsed_args.cluster_config)) as file:
            workers = yaml.safe_load(file)["workers"]
        return SSHCluster([workers[0]] + workers, worker_options={"n_workers": self.parsed_args.num_workers})

    def run(self):
        if self.parsed_args.cluster_config:
            cluster = self.setup_ssh_cluster_with_retries()
            client = Client(cluster)
            io_worker = list(client.scheduler_info()["workers"].keys())[0]
            self.loader._input_worker = io_worker
            self.scene_optimizer._output_worker = io_worker
        else:
            cluster = LocalCluster(n_workers=self.parsed_args.num_workers, threads_per_worker=self.parsed_args.threads_per_worker)
            client = Client(cluster)
        reconstruct(client, self.parsed_args, [], self.loader._input_worker, self.scene_optimizer._output_worker)
