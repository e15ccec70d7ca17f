"""Rank 0 says something to the others all the time; whoever hears nothing for three seconds goes."""
import os
import socket
import sys
import time

if os.environ["MUSTER_RANK"] == "0":
    server = socket.create_server((os.environ["MUSTER_ADDRESS"], int(os.environ["MUSTER_PORT"])))
    others = [server.accept()[0] for _ in range(int(os.environ["MUSTER_SIZE"]) - 1)]
    print("all are there", flush=True)
    while True:
        for other in others:
            other.send(b".")
        time.sleep(0.1)
host, port = os.environ["MUSTER_PEERS"].split()[0].rsplit(":", 1)
until = time.time() + 30
while True:
    try:
        first = socket.create_connection((host, int(port)), timeout=3)
        break
    except ConnectionRefusedError:
        if time.time() > until:
            raise
        time.sleep(0.1)
try:
    while first.recv(1024):
        pass
except socket.timeout:
    print("nothing is heard of rank 0", file=sys.stderr, flush=True)
    sys.exit(7)
