from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

setup(
    name="lietorch",
    packages=["lietorch"],
    ext_modules=[CUDAExtension("lietorch_backends", sources=["lietorch/src/lietorch.c"], extra_compile_args={"cxx": ["-O2"], "nvcc": ["-O2"]})],
    cmdclass={"build_ext": BuildExtension},
)
