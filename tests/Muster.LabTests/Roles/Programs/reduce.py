"""Every rank gives its number; all of them get the sum."""
import os
import sys

import torch
import torch.distributed as dist

dist.init_process_group("gloo")
mine = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(mine)
expected = sum(range(1, dist.get_world_size() + 1))
print(f"rank {dist.get_rank()} of {dist.get_world_size()} (local {os.environ['LOCAL_RANK']}) has {int(mine.item())}", flush=True)
sys.exit(0 if int(mine.item()) == expected else 1)
