"""Stands in for GTSfM's runner: reads its options, works with a real Dask, writes its files, and knows nothing of reconstruction.

With STANDIN_OLD it has no place for a Dask client of somebody else's, as before that came to be.
"""
import argparse
import json
import os
import sys
import time

from distributed import Client, LocalCluster, wait

from gtsfm import stages


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
        if not self.options.loader:
            raise ValueError("no loader")
        self._io_worker = None

    def _create_dask_client(self):
        limit = self.options.worker_memory_limit
        cluster = LocalCluster(n_workers=self.options.num_workers, threads_per_worker=self.options.threads_per_worker,
                               memory_limit=float(limit) if limit and limit.startswith("0.") else limit, dashboard_address=self.options.dashboard_port or ":0")
        client = Client(cluster)
        self._io_worker = min(client.nthreads())
        return client

    if os.environ.get("STANDIN_OLD"):
        _own_client = _create_dask_client
        del _create_dask_client

    def run(self):
        began = time.time()
        print("[host-main] Creating Dask client", flush=True)
        client = getattr(self, "_create_dask_client", None) or self._own_client
        client = client()
        results = os.path.join(self.options.output_root, "results")
        os.makedirs(os.path.join(results, "metrics"))
        with open(os.path.join(results, "config.yaml"), "w") as file:
            json.dump({**vars(self.options), "overrides": self.overrides}, file, default=str)
        print("[host-main] Saved final config snapshot", flush=True)
        images = self.options.images_dir or os.path.join(self.options.dataset_dir, "images")
        names = sorted(os.listdir(images))
        io = {"workers": [self._io_worker], "allow_other_workers": False, "pure": False}
        read = [client.submit(stages.read, os.path.join(images, name), **io) for name in names]
        workers = sorted(client.nthreads())
        features = [client.submit(stages.features, one, workers=[workers[at % len(workers)]], pure=False) for at, one in enumerate(read)]
        wait(features)
        found = [feature for feature in client.gather(features) if feature["texture"]]
        print("[host-main] Running cluster optimization and merging", flush=True)
        if len(found) > 1:
            client.submit(stages.export, os.path.join(results, "ba_output"), found, **io).result()
            # Merged scenes are written wherever the task lands; here it is the last machine.
            elsewhere = [worker for worker in workers if worker.rsplit(":", 1)[0] != self._io_worker.rsplit(":", 1)[0]] or workers
            client.submit(stages.export, os.path.join(results, "merged"), found, workers=[elsewhere[-1]], pure=False).result()
            print(f"[host-main] Merged scene contains {len(found)} images", flush=True)
        else:
            print("[host-main] Merging failed, no final merged scene found", flush=True)
        os.makedirs("dask_reports", exist_ok=True)
        with open(os.path.join("dask_reports", "scene-optimizer.html"), "w") as file:
            file.write("<html></html>\n")
        with open(os.path.join(results, "metrics", "total_summary_metrics.json"), "w") as file:
            json.dump({"total_summary_metrics": {"total_runtime_sec": round(time.time() - began, 4)}}, file)
        print("[host-main] Shutting down Dask client", flush=True)
        client.shutdown()


if __name__ == "__main__":
    GtsfmRunner(sys.argv[1:]).run()
