"""Workflows whose PEs start processes and threads and leave them, or hang until they are ended."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time

from d4p import IterativePE, ProducerPE, WorkflowGraph

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(1000)"]


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(10):
            self.write("output", i)


def until(path):
    while not os.path.exists(path):
        time.sleep(0.02)


class Leaves(IterativePE):
    """Starts processes, whose numbers it writes into a file, or what Python waits for; at item 5 it fails or hangs."""

    def __init__(self, folder, what, then):
        IterativePE.__init__(self)
        self.folder, self.what, self.then = folder, what, then
        self.numprocesses = 1

    def _preprocess(self):
        found = []
        if "processes" in self.what:
            found = [subprocess.Popen(SLEEP).pid, subprocess.Popen(SLEEP, start_new_session=True, env={}).pid]
            forked = os.fork()
            if forked == 0:
                time.sleep(1000)
                os._exit(0)
            receive, send = os.pipe()
            middle = os.fork()
            if middle == 0:  # as daemons do it
                os.setsid()
                last = os.fork()
                if last == 0:
                    time.sleep(1000)
                else:
                    os.write(send, b"%d" % last)
                os._exit(0)
            os.waitpid(middle, 0)
            found += [forked, int(os.read(receive, 16))]
        go = os.path.join(self.folder, "go")
        if "thread" in self.what:
            threading.Thread(target=until, args=(go,), name="theirs").start()
        if "child" in self.what:
            multiprocessing.get_context("fork").Process(target=until, args=(go,), name="its own").start()
        self._tell("left", " ".join(map(str, found)))

    def _process(self, item):
        if item == 5 and self.then == "fail":
            raise ValueError("no such item")
        if item == 5 and self.then == "hang":
            self._tell("hangs", str(os.getpid()))
            time.sleep(1000)
        return item

    def _tell(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)


def make(folder, what="processes", then="end"):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Leaves(folder, what, then), "input")
    return graph
