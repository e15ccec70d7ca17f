#!/usr/bin/python3
"""link.py HOST_NAMESPACE ROUTER_DEVICE FOLDER: a slow cable between the router and a host.

Joins tun0 in the host's namespace to ROUTER_DEVICE in muster-net and hands every packet on after half the milliseconds
in FOLDER/delay. SIGHUP reads the delay again; SIGTERM delivers what is under way and ends. Packets never overtake.
"""
import collections
import ctypes
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def enter(descriptor):
    if libc.setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def make(namespace, name):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + namespace, os.O_RDONLY)
    enter(there)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "up", "txqueuelen", "10000"], check=True)
    enter(home)
    os.close(home)
    os.close(there)
    return tun


namespace, device, folder = sys.argv[1:4]
far, near = make(namespace, "tun0"), make("muster-net", device)
one_way = 0.0
ending = False


def read_delay(*_):
    global one_way
    with open(folder + "/delay") as file:
        one_way = float(file.read()) / 2000


def end(*_):
    global ending
    ending = True


wake_read, wake_write = os.pipe2(os.O_NONBLOCK)
signal.set_wakeup_fd(wake_write)
signal.signal(signal.SIGHUP, read_delay)
signal.signal(signal.SIGTERM, end)
read_delay()
open(folder + "/link.ready", "w").close()

queue = collections.deque()
while not ending or queue:
    wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
    ready, _, _ = select.select([far, near, wake_read], [], [], wait)
    now = time.monotonic()
    for source in ready:
        for _ in range(256):
            try:
                packet = os.read(source, 65536)
            except BlockingIOError:
                break
            if source != wake_read:
                queue.append((now + one_way, near if source == far else far, packet))
    while queue and queue[0][0] <= time.monotonic():
        _, target, packet = queue.popleft()
        try:
            os.write(target, packet)
        except OSError:
            pass  # the host is off or its queue is full: the packet is lost, as on any cable
