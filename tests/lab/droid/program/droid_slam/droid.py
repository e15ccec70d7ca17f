"""A stand-in for DROID-SLAM: it takes the same arguments, every third frame is a keyframe, and FAULT (a file beside it) makes it fail as the real one does."""
import json
import os
import sys
import time

from torch import Tensor   # first, as what follows is linked with it

import droid_backends
import lietorch  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
FAULTS = {
    "memory": "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB",
    "checkpoint": "KeyError: 'update.weight.2.weight'",
    "kernel": "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    "symbol": "ImportError: droid_backends.so: undefined symbol: _ZN3c10",
    "display": "GLFW initialization failed",
    "bounds": "IndexError: index 512 is out of bounds for dimension 0 with size 512",
    "scatter": "ModuleNotFoundError: No module named 'torch_scatter'",
    "forked": "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method",
    "other": "Segmentation fault",
}


def fault(name):
    path = os.path.join(HERE, "FAULT")
    return os.path.exists(path) and open(path).read().strip() == name


def begin(args):
    with open("/out/arguments.json", "w") as file:
        json.dump(vars(args), file)
    for name, text in FAULTS.items():
        if fault(name):
            sys.exit(text)


class Counter:
    value = 0


class Video:
    def __init__(self, counter):
        self.counter = counter
        self.tstamp = self.images = self.disps_up = self.poses = self.intrinsics = Tensor([1])


class Tracker:
    """What both modes have in common: the frames, of which some become keyframes."""

    first = None

    def track(self, index, image, intrinsics=None):
        assert image.shape[:2] == [1, 3], image.shape
        self.first = index if self.first is None else self.first
        if index % 3 == 0 and not fault("still"):
            self.front.counter.value += 1
        sys.stderr.write("%dit [00:00]\r" % index)
        if fault("slow"):
            time.sleep(0.5)

    def fill(self, stream):
        rows = []
        for index, _, _ in stream:
            assert index >= self.first, "a frame before the first that was tracked has no keyframe before it"
            rows.append([float(index), 0, 0, 0, 0, 0, 1])
        return rows


class Droid(Tracker):
    def __init__(self, args):
        assert droid_backends.check()
        self.save_headless = args.save_headless   # the fork reads it here
        self.video = self.front = Video(Counter())
        begin(args)

    def terminate(self, stream):
        if fault("empty"):
            sys.exit("ValueError: not enough values to unpack (expected 2, got 0)")
        return self.fill(stream)
