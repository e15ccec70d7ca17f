"""Stands in for GTSfM's work: with a real Dask it reads photos and writes files, and knows nothing of reconstruction."""
import json
import os
import time
import types

from distributed import wait

from gtsfm import stages


class SceneOptimizer:
    def __init__(self, options, overrides=()):
        self.options, self.overrides = options, overrides
        self.loader = types.SimpleNamespace(_input_worker=None)
        self.cluster_optimizer = types.SimpleNamespace(_output_worker=None)

    def run(self, client):
        reconstruct(client, self.options, self.overrides, self.loader._input_worker, self.cluster_optimizer._output_worker)


def on(worker):
    return {"workers": worker and [worker], "allow_other_workers": False, "pure": False}


def reconstruct(client, options, overrides, reads, writes):
    began = time.time()
    results = os.path.join(options.output_root, "results")
    os.makedirs(os.path.join(results, "metrics"))
    with open(os.path.join(results, "config.yaml"), "w") as file:
        json.dump({**vars(options), "overrides": overrides}, file, default=str)
    print("[host-main] Saved final config snapshot", flush=True)
    images = options.images_dir or os.path.join(options.dataset_dir, "images")
    names = sorted(os.listdir(images))
    read = [client.submit(stages.read, os.path.join(images, name), **on(reads)) for name in names]
    workers = sorted(client.nthreads())
    features = [client.submit(stages.features, one, workers=[workers[at % len(workers)]], pure=False) for at, one in enumerate(read)]
    wait(features)
    found = [feature for feature in client.gather(features) if feature["texture"]]
    print("[host-main] Running cluster optimization and merging", flush=True)
    if len(found) > 1:
        client.submit(stages.export, os.path.join(results, "ba_output"), found, **on(writes)).result()
        # Merged scenes are written wherever the task lands; here it is the last machine.
        elsewhere = [worker for worker in workers if worker.rsplit(":", 1)[0] != (writes or workers[0]).rsplit(":", 1)[0]] or workers
        client.submit(stages.export, os.path.join(results, "merged"), found, workers=[elsewhere[-1]], pure=False).result()
        print(f"[host-main] Merged scene contains {len(found)} images", flush=True)
    else:
        print("[host-main] Merging failed, no final merged scene found", flush=True)
    os.makedirs("dask_reports", exist_ok=True)
    with open(os.path.join("dask_reports", "scene-optimizer.html"), "w") as file:
        file.write("<html></html>\n")
    with open(os.path.join(results, "metrics", "total_summary_metrics.json"), "w") as file:
        json.dump({"total_summary_metrics": {"total_runtime_sec": round(time.time() - began, 4)}}, file)
