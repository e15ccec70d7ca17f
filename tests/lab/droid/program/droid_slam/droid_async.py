"""A stand-in for the asynchronous mode of 2025: two buffers, none of them called `video`, and a back end in a process of its own."""
import sys
import time

from droid import FAULTS, Tracker, Video, begin, fault
from torch.multiprocessing import Process, Value, get_start_method


def back_end(video1, video2):
    if get_start_method() != "spawn":
        sys.exit(FAULTS["forked"])
    if fault("backend"):
        sys.exit(FAULTS["memory"])
    while not video2.ready.value:
        time.sleep(0.02)
    video2.counter.value = video1.counter.value


class DroidAsync(Tracker):
    def __init__(self, args):
        self.video1 = self.front = Video(Value("i", 0))
        self.video2 = Video(Value("i", 0))
        self.video2.ready = Value("i", 0)
        self.backend_proc = Process(target=back_end, args=(self.video1, self.video2))
        self.backend_proc.start()
        begin(args)

    def terminate(self, stream):
        self.video2.ready.value = 1
        self.backend_proc.join()
        del self.video1
        return self.fill(stream)
