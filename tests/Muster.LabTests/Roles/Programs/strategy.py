# What TensorFlow does with TF_CONFIG before it trains: serves at its own address and speaks with every other task of its cluster.
import json, os, socket, threading

config = json.loads(os.environ["TF_CONFIG"])
cluster, task = config["cluster"], config["task"]
me = [task["type"], task["index"]]
everyone = [[kind, index] for kind in sorted(cluster) for index in range(len(cluster[kind]))]
assert me in everyone, (me, cluster)


def address(of):
    host, port = cluster[of[0]][of[1]].rsplit(":", 1)
    return host, int(port)


server = socket.create_server(address(me))
seen = {}


def serve():
    while len(seen) < len(everyone):
        with server.accept()[0] as peer, peer.makefile() as lines:
            theirs = json.loads(lines.readline())
            assert theirs["cluster"] == cluster, theirs
            seen[(theirs["task"]["type"], theirs["task"]["index"])] = peer.getpeername()[0]


serving = threading.Thread(target=serve, daemon=True)
serving.start()
for other in everyone:
    while True:
        try:
            with socket.create_connection(address(other), timeout=5) as peer:
                peer.sendall(json.dumps(config).encode() + b"\n")
            break
        except ConnectionRefusedError:
            pass
serving.join(30)
assert len(seen) == len(everyone), seen
print(f"{me[0]} {me[1]} on {os.uname().nodename} heard {sorted(seen)}", flush=True)
