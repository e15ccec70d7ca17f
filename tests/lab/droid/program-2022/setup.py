"""Laid out as DROID-SLAM's of 2022 and of the fork: two in one file."""
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

setup(
    name="droid_backends",
    ext_modules=[CUDAExtension("droid_backends", sources=["src/droid.c"], extra_compile_args={"cxx": ["-O3"], "nvcc": ["-O3"]})],
    cmdclass={"build_ext": BuildExtension},
)

setup(
    name="lietorch",
    packages=["lietorch"],
    package_dir={"": "thirdparty/lietorch"},
    ext_modules=[CUDAExtension("lietorch_backends", sources=["thirdparty/lietorch/lietorch/src/lietorch.c"], extra_compile_args={"cxx": ["-O2"], "nvcc": ["-O2"]})],
    cmdclass={"build_ext": BuildExtension},
)
