"""Laid out as DROID-SLAM's of 2025: lietorch has a setup.py of its own."""
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

setup(
    name="droid_backends",
    ext_modules=[CUDAExtension("droid_backends", sources=["src/droid.c"], extra_compile_args={"cxx": ["-O3"], "nvcc": ["-O3"]})],
    cmdclass={"build_ext": BuildExtension},
)
