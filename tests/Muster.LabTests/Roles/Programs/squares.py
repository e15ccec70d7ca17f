"""A computation on Dask workers, and where they are."""
import os
import sys
import time

from distributed import Client

with Client(os.environ["DASK_SCHEDULER_ADDRESS"]) as client:
    client.wait_for_workers(int(os.environ["MUSTER_SIZE_WORKER"]))
    total = sum(client.gather(client.map(lambda x: x * x, range(100))))
    hosts = client.run(lambda: __import__("socket").gethostname())
    print(f"total {total} on {' '.join(sorted(hosts.values()))}", flush=True)
    # The dashboard can be looked at for as long as somebody wants.
    until = os.environ.get("STAY_UNTIL")
    while until and not os.path.exists(os.path.expanduser(until)):
        time.sleep(0.2)
sys.exit(0 if total == 328350 else 1)
