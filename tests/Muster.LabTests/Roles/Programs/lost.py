"""Kills the worker that reads and writes, and looks whether the recipe's runner notices. Its minute is short here."""
import os
import signal
import sys
import time
import types

sys.path.insert(0, sys.argv[1])
import runner
from distributed import Client, LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        (address, pid), = client.run(os.getpid).items()
        runner.time = types.SimpleNamespace(sleep=lambda _: time.sleep(0.2))
        os.kill(pid, signal.SIGKILL)
        runner.watch(client, address)
