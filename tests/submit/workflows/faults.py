"""Workflows that a cluster can't run, or not to their end."""

import importlib
import os
import signal
import time

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(10):
            self.write("output", i)


class Forever(ProducerPE):
    def _process(self, inputs):
        self.log("it has begun")
        for i in range(10**9):
            self.write("output", i)
            time.sleep(0.01)


class Divides(IterativePE):
    def _process(self, data):
        self.log(f"divides by {data - 7}")
        return 12 // (data - 7)


class Threads(IterativePE):
    def _process(self, data):
        names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
        return [os.environ.get(name + "_NUM_THREADS") for name in names], os.environ.get("VECLIB_MAXIMUM_THREADS")


class Eats(IterativePE):
    """Keeps ever more memory."""

    def __init__(self):
        IterativePE.__init__(self)
        self.kept = []

    def _process(self, data):
        self.kept.append(bytearray(b"x") * (200 << 20))
        return data


class KillsItsWorker(IterativePE):
    def _process(self, data):
        os.kill(os.getpid(), signal.SIGKILL)


class KillsItsExecutor(IterativePE):
    def _process(self, data):
        with open("/proc/%d/stat" % os.getppid()) as daemon:
            os.kill(int(daemon.read().split()[3]), signal.SIGKILL)


def _into(pe, source=Numbers):
    graph = WorkflowGraph()
    graph.connect(source(), "output", pe, "input")
    return graph


def divides():
    return _into(Divides())


def forever():
    return _into(Divides(), Forever)


def threads():
    return _into(Threads())


def eats():
    return _into(Eats())


def kills_worker():
    return _into(KillsItsWorker())


def kills_executor():
    return _into(KillsItsExecutor())


def needs(module):
    """Imports a module that not every Python has."""
    importlib.import_module(module)
    return _into(Divides())
