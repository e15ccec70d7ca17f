"""Stands in for GTSfM's runner: reads its options, and starts its work on a real Dask.

With STANDIN_OCTOBER it makes its optimiser before the client, and tells it of the worker that reads and writes when it makes the client, as from
October 2025 to February 2026. With STANDIN_OLD it has no place for a Dask client of somebody else's.
"""
import argparse
import os
import sys

from distributed import Client, LocalCluster

from gtsfm.scene_optimizer import SceneOptimizer


class GtsfmRunner:
    def __init__(self, override_args=None):
        parser = argparse.ArgumentParser()
        for name in """config_name loader dataset_dir images_dir input_worker global_descriptor_config_name retriever_config_name
                correspondence_generator_config_name verifier_config_name gaussian_splatting_config_name output_root cluster_config
                worker_memory_limit dashboard_port dask_tmpdir""".split():
            parser.add_argument("--" + name)
        for name in "max_resolution max_frame_lookahead num_matched num_workers threads_per_worker num_retry_cluster_connection".split():
            parser.add_argument("--" + name, type=int, default=1)
        for name in "share_intrinsics run_mvs run_gs".split():
            parser.add_argument("--" + name, action="store_true")
        parser.add_argument("--graph_partitioner", choices=["single", "binary", "metis"])
        parser.add_argument("-l", "--log", default="INFO")
        self.options, self.overrides = parser.parse_known_args(override_args)
        self.scene_optimizer = SceneOptimizer(self.options, self.overrides) if os.environ.get("STANDIN_OCTOBER") else None
        self._io_worker = None

    def _create_dask_client(self):
        limit = self.options.worker_memory_limit
        cluster = LocalCluster(n_workers=self.options.num_workers, threads_per_worker=self.options.threads_per_worker,
                               memory_limit=float(limit) if limit and limit.startswith("0.") else limit, dashboard_address=self.options.dashboard_port or ":0")
        client = Client(cluster)
        if self.scene_optimizer is None:
            self._io_worker = min(client.nthreads())
        return client

    if os.environ.get("STANDIN_OLD"):
        _own_client = _create_dask_client
        del _create_dask_client

    def run(self):
        print("[host-main] Creating Dask client", flush=True)
        client = getattr(self, "_create_dask_client", None) or self._own_client
        client = client()
        if self.scene_optimizer is None:
            self.scene_optimizer = SceneOptimizer(self.options, self.overrides)
            self.scene_optimizer.loader._input_worker = self.scene_optimizer.cluster_optimizer._output_worker = self._io_worker
        self.scene_optimizer.run(client)
        print("[host-main] Shutting down Dask client", flush=True)
        client.shutdown()


if __name__ == "__main__":
    GtsfmRunner(sys.argv[1:]).run()
