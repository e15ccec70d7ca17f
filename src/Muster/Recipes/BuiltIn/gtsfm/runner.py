"""GTSfM's runner with a Dask client of ours, and what has become of its run.

Where this GTSfM has no place for such a client, or there is one machine alone, it starts a cluster of its own here.
"""
import glob
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

# The same path on every host, as any worker may write there.
OUT = os.path.join(os.path.dirname(os.environ["MUSTER_RUN_DIR"]), os.environ["MUSTER_RUN_ID"], "out")
VALUES = """config_name loader max_resolution global_descriptor_config_name retriever_config_name correspondence_generator_config_name
    verifier_config_name max_frame_lookahead num_matched graph_partitioner gaussian_splatting_config_name log""".split()
FLAGS = "share_intrinsics run_mvs run_gs".split()
NO_RECONSTRUCTION = 3
WORKER_LOST = 74
UNFIT = 72
# Before October 2025 each format of data has a script, not always of the same name, and its own word for the folder of the data.
SCRIPTS = {"colmap": "colmaploader", "olsson": "olssonloader", "one_d_sfm": "1dsfm"}
DATA_SET = ("dataset_dir", "colmap_files_dirpath", "dataset_root")


def given(name):
    return os.environ.get("MUSTER_PARAM_" + name.upper(), "")


def folder(name):
    return os.environ.get("MUSTER_INPUT_" + name.upper(), "")


def options():
    """What was given, under the names of GTSfM's runner."""
    words = {"output_root": OUT}
    words.update((name, folder(name)) for name in ("dataset_dir", "images_dir") if folder(name))
    words.update((name, given(name)) for name in VALUES if given(name))
    words.update((name, None) for name in FLAGS if given(name) == "true")
    return words


def cluster_options():
    """Those of a cluster that it starts here by itself."""
    words = {name: given(name) for name in ("num_workers", "threads_per_worker", "worker_memory_limit")}
    if os.environ.get("MUSTER_PORT_DASHBOARD") and not os.environ.get("DASK_SCHEDULER_ADDRESS"):
        words["dashboard_port"] = ":" + os.environ["MUSTER_PORT_DASHBOARD"]
    return words


def line(words):
    return [word for name, value in words.items() for word in ["--" + name, value] if word is not None]


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


def ours():
    """A client of the scheduler that is there, and the worker of this machine that reads and writes."""
    client = connected()
    client.wait_for_workers(int(os.environ["MUSTER_SIZE_WORKER"]) * int(given("num_workers")), timeout=600)
    here = [address for address, host in sorted(client.run(address_of_worker).items()) if host == os.environ["MUSTER_ADDRESS"]]
    if not here:
        raise RuntimeError("no worker is on the machine of the data set")
    print(f"[muster] {here[0]} reads the photos and writes the results", flush=True)
    threading.Thread(target=watch, args=(client, here[0]), daemon=True).start()
    # The scheduler and the workers are ended when their records say that this has.
    client.shutdown = client.close
    return client, here[0]


def together():
    """Runs on the scheduler that is there; False where this GTSfM cannot."""
    from gtsfm.runner import GtsfmRunner

    if not hasattr(GtsfmRunner, "_create_dask_client"):
        return False

    class Runner(GtsfmRunner):
        def _create_dask_client(self):
            client, self._io_worker = ours()
            if hasattr(client, "forward_logging"):
                client.forward_logging()
            # Until February 2026 it is made before the client, and not told by `run`.
            optimizer = getattr(self, "scene_optimizer", None)
            if optimizer is not None:
                optimizer.loader._input_worker = self._io_worker
                getattr(optimizer, "cluster_optimizer", optimizer)._output_worker = self._io_worker
            return client

    Runner(override_args=line(options()) + given("overrides").split()).run()
    return True


def alone():
    words = [sys.executable, os.path.join("gtsfm", "runner.py"), *line({**options(), **cluster_options()}), *given("overrides").split()]
    # Its own cluster, not ours.
    code = subprocess.run(words, env={name: value for name, value in os.environ.items() if name != "DASK_SCHEDULER_ADDRESS"}).returncode
    if code != 0:
        sys.exit(code if code > 0 else 128 - code)


def refuse(text):
    print("gtsfm: " + text, file=sys.stderr, flush=True)
    sys.exit(UNFIT)


def script():
    """The runner of a checkout from before October 2025."""
    loader = given("loader")[: -len("_loader")] if given("loader").endswith("_loader") else given("loader")
    for name in ("run_scene_optimizer_" + SCRIPTS.get(loader, loader), "run_scene_optimizer"):
        if os.path.isfile(os.path.join("gtsfm", "runner", name + ".py")):
            return name
    names = sorted(os.path.basename(path)[len("run_scene_optimizer_"):-3] for path in glob.glob("gtsfm/runner/run_scene_optimizer_*.py"))
    known = sorted({short: long for long, short in SCRIPTS.items()}.get(name, name) for name in names)
    refuse(f"this checkout has one runner for each format of data; name the format with --loader: {', '.join(known)}")


def older():
    """Runs the checkout's own runner; on the scheduler that is there, where it has a cluster mode."""
    name = script()
    module = importlib.import_module("gtsfm.runner." + name)
    base = next((kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__ and hasattr(kind, "construct_argparser")), None)
    if base is None:
        refuse(f"gtsfm/runner/{name}.py has no class that Muster could run: it needs GTSfM of 2022 or later. Run that script with: muster submit")
    parts = [sys.modules[kind.__module__] for kind in base.__mro__]
    there = bool(os.environ.get("DASK_SCHEDULER_ADDRESS"))
    shared = there and any(hasattr(part, "SSHCluster") for part in parts)
    if there and not shared:
        print("[muster] this GTSfM has no cluster mode, so it works on this machine alone", flush=True)

    class Runner(base):
        def construct_argparser(self):
            parser = super().construct_argparser()
            sys.argv[1:] = older_line(parser, name, shared)
            return parser

    if shared:
        share(parts)
    Runner().run()


def older_line(parser, name, shared):
    known = {option.lstrip("-"): action for action in parser._actions for option in action.option_strings}
    words = options()
    if "images_dir" in known and "dataset_dir" in words:
        words.setdefault("images_dir", os.path.join(words["dataset_dir"], "images"))
    if "dataset_dir" in words and (own := next((word for word in DATA_SET if word in known), None)):
        words[own] = words.pop("dataset_dir")
    if "mvs_off" in known and "run_mvs" not in words:
        words["mvs_off"] = None
    # The script stands for the loader; and defaults are not asked for.
    usual = {"loader": given("loader"), "log": "INFO", "max_resolution": "760", "run_mvs": None if "mvs_off" in known else ""}
    strange = [word for word in words if word not in known and (word, words[word]) not in usual.items()] + given("overrides").split()
    if strange:
        refuse(f"gtsfm/runner/{name}.py of this checkout does not know {', '.join(strange)}: leave them out, or use a newer checkout")
    missing = [option for option, action in known.items() if action.required and option not in words]
    if missing:
        refuse(f"gtsfm/runner/{name}.py of this checkout needs {', '.join('--' + word for word in missing)}")
    if shared:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=os.environ["MUSTER_RUN_DIR"], delete=False) as file:
            file.write("workers: [ours]\n")
        words["cluster_config"] = file.name
    else:
        words.update((word, value) for word, value in cluster_options().items() if word in known)
    return line({word: value for word, value in words.items() if word in known})


def share(parts):
    """In the place of a cluster that it would start, ours; its client names the worker that reads and writes before all others, as the first is taken."""
    def client(*_, **__):
        made, first = ours()
        info = made.scheduler_info

        def scheduler_info(*given, **more):
            found = dict(info(*given, **more))
            found["workers"] = dict(sorted(found["workers"].items(), key=lambda worker: worker[0] != first))
            return found

        made.scheduler_info = scheduler_info
        return made

    for part in parts:
        if hasattr(part, "SSHCluster"):
            part.SSHCluster, part.Client = (lambda *_, **__: None), client


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
    # None where the pipeline names the data set by itself.
    images = folder("images_dir") or (folder("dataset_dir") and os.path.join(folder("dataset_dir"), "images"))
    photos = sum(name.lower().endswith((".jpg", ".jpeg", ".png", ".tif", ".tiff")) for name in os.listdir(images)) if os.path.isdir(images) else None
    best = max(((cameras, points, name, where) for where, some in found.items() for name, (cameras, points) in some.items()), default=(0, 0, None, None),
               key=lambda one: (one[2] == "merged" and one[0] > 0, one[0]))
    cameras, points, name, where = best
    with open(os.path.join(OUT, "summary.json"), "w") as file:
        json.dump({"scene": name and f"results/{name}", "cameras": cameras, "photos": photos, "points": points, "seconds": round(seconds, 1)}, file, indent=2)
        file.write("\n")
    if cameras == 0:
        print("gtsfm: it ended well and left no reconstruction: none of results/merged, ba_output, vggt, anysplat has a camera", file=sys.stderr, flush=True)
        sys.exit(NO_RECONSTRUCTION)
    print(f"[muster] results/{name} on {where}: {cameras}{'' if photos is None else f' of {photos}'} cameras, {points} points, in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    start = time.time()
    if not os.path.isfile(os.path.join("gtsfm", "runner.py")):
        older()
    elif not os.environ.get("DASK_SCHEDULER_ADDRESS"):
        alone()
    elif not together():
        print("[muster] this GTSfM takes no Dask client of ours, so it works on this machine alone", flush=True)
        alone()
    gather_reports(start)
    judge(time.time() - start)
