"""A small parameter server in the manner of Poseidon: ps_master counts servers, ps_server keeps a sum, a worker pushes its share and waits for all."""
import os
import socket
import sys
import time
from urllib.parse import urlparse


def listen(url):
    at = urlparse(url)
    return socket.create_server((at.hostname, at.port))


def ask(url, words):
    at = urlparse(url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as line:
        line.sendall((words + "\n").encode())
        return line.makefile().readline().strip()


def serve(url, answer):
    with listen(url) as door:
        while True:
            line, _ = door.accept()
            with line:
                line.sendall((answer(line.makefile().readline().split()) + "\n").encode())


def master(url, expected):
    servers = []

    def answer(words):
        if words[0] == "register":
            servers.append(words[1])
            print(f"{words[1]} registered, {len(servers)} of {expected}", flush=True)
        return " ".join(servers) if len(servers) == expected else "wait"
    print(f"expecting {expected} servers", flush=True)
    serve(url, answer)


def server(url, above):
    total = [0, 0]

    def answer(words):
        if words[0] == "push":
            total[0] += int(words[1])
            total[1] += 1
        return f"{total[0]} {total[1]}"
    ask(above, f"register {url}")
    print(f"{url} registered at {above}", flush=True)
    serve(url, answer)


def worker(options):
    me, above = int(options["client_id"]), options["master_address"]
    assert options["distributed"] == "True"
    while (servers := ask(above, "who")) == "wait":
        time.sleep(0.1)
    for url in servers.split():
        ask(url, f"push {me + 1}")
    workers = len(servers.split())
    for url in servers.split():
        while (sum_and_count := ask(url, "sum").split())[1] != str(workers):
            time.sleep(0.1)
        print(f"client {me} sees {sum_and_count[0]}", flush=True)
    print(f"client {me} done", file=sys.stderr, flush=True)


name = os.path.basename(sys.argv[0])
if name == "ps_master":
    master(sys.argv[1], int(sys.argv[2]))
elif name == "ps_server":
    server(sys.argv[1], sys.argv[2])
else:
    worker(dict(option[2:].split("=", 1) for option in sys.argv[1:]))
