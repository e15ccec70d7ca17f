# What Horovod does when mpirun has started it: takes its place from Open MPI's variables, and reduces over MPI.
import os
from mpi4py import MPI

world = MPI.COMM_WORLD
rank, size, local, locals_ = (int(os.environ["OMPI_COMM_WORLD_" + name]) for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE"))
assert (rank, size) == (world.rank, world.size), (rank, size, world.rank, world.size)
here = world.Split_type(MPI.COMM_TYPE_SHARED)
assert (local, locals_) == (here.rank, here.size), (local, locals_, here.rank, here.size)
print(f"rank {rank} of {size} (local {local} of {locals_}) on {os.uname().nodename} has {world.allreduce(rank + 1)}", flush=True)
