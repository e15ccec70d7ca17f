"""GTSfM's runner with a Dask client of ours, and what has become of its run.

Where this GTSfM has no place for such a client, or there is one machine alone, it starts a cluster of its own here.
"""
import json
import os
import shutil
import subprocess
import sys
import threading
import time

# The same path on every host, as any worker may write there.
OUT = os.path.join(os.path.dirname(os.environ["MUSTER_RUN_DIR"]), os.environ["MUSTER_RUN_ID"], "out")
VALUES = """config_name loader max_resolution global_descriptor_config_name retriever_config_name correspondence_generator_config_name
    verifier_config_name max_frame_lookahead num_matched graph_partitioner gaussian_splatting_config_name log""".split()
FLAGS = "share_intrinsics run_mvs run_gs".split()
NO_RECONSTRUCTION = 3
WORKER_LOST = 74


def given(name):
    return os.environ.get("MUSTER_PARAM_" + name.upper(), "")


def folder(name):
    return os.environ.get("MUSTER_INPUT_" + name.upper(), "")


def options():
    words = ["--output_root", OUT, "--dataset_dir", folder("dataset_dir")]
    if folder("images_dir"):
        words += ["--images_dir", folder("images_dir")]
    for name in VALUES:
        if given(name):
            words += ["--" + name, given(name)]
    return words + ["--" + name for name in FLAGS if given(name) == "true"] + given("overrides").split()


def address_of_worker():
    return os.environ.get("MUSTER_ADDRESS")


def scenes(root):
    """Cameras and points of the final reconstructions that this machine has."""
    found = {}
    for name in ("merged", "ba_output", "vggt", "anysplat"):
        images = os.path.join(root, "results", name, "images.txt")
        if not os.path.isfile(images):
            continue
        with open(images) as file:
            # Two lines an image; the second may be blank.
            cameras = sum(len(line.split()) >= 10 for line in [line for line in file if not line.startswith("#")][::2])
        points = os.path.join(root, "results", name, "points3D.txt")
        count = 0
        if os.path.isfile(points):
            with open(points) as file:
                count = sum(1 for line in file if line.strip() and not line.startswith("#"))
        found[name] = (cameras, count)
    return found


def watch(client, address):
    """Tasks that are bound to a worker wait for it for ever."""
    missed = 0
    while missed < 6:
        time.sleep(10)
        try:
            missed = 0 if address in client.nthreads() else missed + 1
        except Exception:  # the client is closed: the run has ended
            return
    print(f"gtsfm: the worker {address}, which reads the photos and writes the results, is gone for a minute", file=sys.stderr, flush=True)
    os._exit(WORKER_LOST)


def connected():
    from distributed import Client

    return Client(os.environ["DASK_SCHEDULER_ADDRESS"])


def together():
    """Runs on the scheduler that is there; False where this GTSfM cannot."""
    from gtsfm.runner import GtsfmRunner

    if not hasattr(GtsfmRunner, "_create_dask_client"):
        return False

    class Runner(GtsfmRunner):
        def _create_dask_client(self):
            client = connected()
            client.wait_for_workers(int(os.environ["MUSTER_SIZE_WORKER"]) * int(given("num_workers")), timeout=600)
            if hasattr(client, "forward_logging"):
                client.forward_logging()
            here = [address for address, host in sorted(client.run(address_of_worker).items()) if host == os.environ["MUSTER_ADDRESS"]]
            if not here:
                raise RuntimeError("no worker is on the machine of the data set")
            self._io_worker = here[0]
            print(f"[muster] {here[0]} reads the photos and writes the results", flush=True)
            threading.Thread(target=watch, args=(client, here[0]), daemon=True).start()
            # The scheduler and the workers are ended when their records say that this has.
            client.shutdown = client.close
            return client

    Runner(override_args=options()).run()
    return True


def alone():
    words = [sys.executable, os.path.join("gtsfm", "runner.py"), *options(), "--num_workers", given("num_workers"), "--threads_per_worker", given("threads_per_worker")]
    words += ["--worker_memory_limit", given("worker_memory_limit")]
    if os.environ.get("MUSTER_PORT_DASHBOARD") and not os.environ.get("DASK_SCHEDULER_ADDRESS"):
        words += ["--dashboard_port", ":" + os.environ["MUSTER_PORT_DASHBOARD"]]
    # Its own cluster, not ours.
    code = subprocess.run(words, env={name: value for name, value in os.environ.items() if name != "DASK_SCHEDULER_ADDRESS"}).returncode
    if code != 0:
        sys.exit(code if code > 0 else 128 - code)


def gather_reports(began):
    """Dask's reports have the same names in every run."""
    for name in os.listdir("dask_reports") if os.path.isdir("dask_reports") else []:
        source = os.path.join("dask_reports", name)
        if os.path.getmtime(source) >= began:
            os.makedirs(os.path.join(OUT, "dask_reports"), exist_ok=True)
            shutil.copy2(source, os.path.join(OUT, "dask_reports", name))


def judge(seconds):
    """A run without a scene ends well, too: it is looked for on every machine."""
    found = {os.uname().nodename: scenes(OUT)}
    if os.environ.get("DASK_SCHEDULER_ADDRESS"):
        with connected() as client:
            found.update(client.run(scenes, OUT))
    images = folder("images_dir") or os.path.join(folder("dataset_dir"), "images")
    photos = sum(name.lower().endswith((".jpg", ".jpeg", ".png", ".tif", ".tiff")) for name in os.listdir(images))
    best = max(((cameras, points, name, where) for where, some in found.items() for name, (cameras, points) in some.items()), default=(0, 0, None, None),
               key=lambda one: (one[2] == "merged" and one[0] > 0, one[0]))
    cameras, points, name, where = best
    with open(os.path.join(OUT, "summary.json"), "w") as file:
        json.dump({"scene": name and f"results/{name}", "cameras": cameras, "photos": photos, "points": points, "seconds": round(seconds, 1)}, file, indent=2)
        file.write("\n")
    if cameras == 0:
        print("gtsfm: it ended well and left no reconstruction: none of results/merged, ba_output, vggt, anysplat has a camera", file=sys.stderr, flush=True)
        sys.exit(NO_RECONSTRUCTION)
    print(f"[muster] results/{name} on {where}: {cameras} of {photos} cameras, {points} points, in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    start = time.time()
    if not os.environ.get("DASK_SCHEDULER_ADDRESS"):
        alone()
    elif not together():
        print("[muster] this GTSfM takes no Dask client of ours, so it works on this machine alone", flush=True)
        alone()
    gather_reports(start)
    judge(time.time() - start)
