"""A stand-in for DROID-SLAM: it takes the same arguments, every third frame is a keyframe, and FAULT (a file beside it) makes it fail as the real one does."""
import json
import os
import sys
import time

from torch import Tensor

HERE = os.path.dirname(os.path.abspath(__file__))


def fault(name):
    path = os.path.join(HERE, "FAULT")
    return os.path.exists(path) and open(path).read().strip() == name


class Counter:
    value = 0


class Video:
    def __init__(self):
        self.counter = Counter()
        self.tstamp = self.images = self.disps_up = self.poses = self.intrinsics = Tensor([1])


class Droid:
    def __init__(self, args):
        self.video = Video()
        with open("/out/arguments.json", "w") as file:
            json.dump(vars(args), file)
        if fault("memory"):
            sys.exit("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB")
        if fault("checkpoint"):
            sys.exit("KeyError: 'update.weight.2.weight'")
        if fault("kernel"):
            sys.exit("RuntimeError: CUDA error: no kernel image is available for execution on the device")
        if fault("symbol"):
            sys.exit("ImportError: droid_backends.so: undefined symbol: _ZN3c10")
        if fault("display"):
            sys.exit("GLFW initialization failed")
        if fault("bounds"):
            sys.exit("IndexError: index 512 is out of bounds for dimension 0 with size 512")
        if fault("other"):
            sys.exit("Segmentation fault")

    def track(self, index, image, intrinsics=None):
        assert image.shape[:2] == [1, 3], image.shape
        if index % 3 == 0 and not fault("still"):
            self.video.counter.value += 1
        sys.stderr.write("%dit [00:00]\r" % index)
        if fault("slow"):
            time.sleep(0.5)

    def terminate(self, stream):
        if fault("empty"):
            sys.exit("ValueError: not enough values to unpack (expected 2, got 0)")
        return [[float(index), 0, 0, 0, 0, 0, 1] for index, _, _ in stream]
