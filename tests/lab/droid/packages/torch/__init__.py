"""A stand-in for PyTorch: as much of it as the driver of droid-slam uses. What it saves is the recorded example of a reconstruction."""
import base64
import ctypes
import os

from . import multiprocessing  # noqa: F401

# What extensions are linked with; they find it only once it is loaded from here.
ctypes.CDLL(os.path.join(os.path.dirname(__file__), "lib", "libc10.so"), mode=ctypes.RTLD_GLOBAL)

__version__ = "0 (stand-in)"


class cuda:
    @staticmethod
    def is_available():
        return False


class Tensor:
    def __init__(self, shape):
        self.shape = shape

    def permute(self, *order):
        return Tensor([self.shape[at] for at in order])

    def __getitem__(self, part):
        return Tensor([1] + list(self.shape)) if part is None else self

    def cpu(self):
        return self

    def clone(self):
        return self


def as_tensor(value):
    return Tensor(list(getattr(value, "shape", [len(value)] if isinstance(value, list) else [])))


def save(parts, path):
    assert sorted(parts) == ["disps", "images", "intrinsics", "poses", "tstamps"], sorted(parts)
    with open(os.path.join(os.path.dirname(__file__), "reconstruction.pth.b64")) as file, open(path, "wb") as to:
        to.write(base64.b64decode(file.read()))
