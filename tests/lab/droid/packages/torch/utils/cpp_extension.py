"""As much of PyTorch's as a setup.py of DROID-SLAM uses. What is compiled is linked with PyTorch's library, and does not know where that lies."""
import os

from setuptools import Extension
from setuptools.command.build_ext import build_ext as BuildExtension  # noqa: F401

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")


def CUDAExtension(name, sources, extra_compile_args=None, **more):
    return Extension(name, sources, library_dirs=[LIB], libraries=["c10"], **more)
