"""PEs that start processes of their own, and one that won't be interrupted. Nothing here knows of d4p."""

import multiprocessing
import os
import signal
import subprocess
import time

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class One(ProducerPE):
    def _process(self, inputs):
        self.write("output", 1)


def square(x):
    return x * x


def wait():
    time.sleep(60)


def by_pool():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(square, range(4))


def terminated():
    process = multiprocessing.get_context("fork").Process(target=wait)
    process.start()
    process.terminate()
    process.join(10)
    return process.exitcode


def ended_by(number):
    """How a program ends that has said that it runs and gets a signal."""
    process = subprocess.Popen(["sh", "-c", "echo up; exec sleep 60"], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(number)
    try:
        return process.wait(10)
    finally:
        process.kill()


def handlers():
    """The handlers and the blocked signals of a child."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = [h.__name__ if callable(h) else int(h) for h in map(signal.getsignal, ENDS)]
            os.write(send, repr([*found, *signal.pthread_sigmask(signal.SIG_BLOCK, [])]).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return os.read(receive, 1000).decode()


class Starts(IterativePE):
    def _process(self, data):
        return [by_pool(), terminated(), *map(ended_by, ENDS), handlers()]


def starts():
    graph = WorkflowGraph()
    graph.connect(One(), "output", Starts(), "input")
    return graph


class Odd:
    """Python drops what is raised when one is freed."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)


#: The signal that comes when something is freed.
FREED = {"freed": signal.SIGINT, "freed in the background": signal.SIGTERM}


class Stubborn(IterativePE):
    def __init__(self, how):
        IterativePE.__init__(self)
        self.how = how

    def _process(self, data):
        try:
            if self.how in FREED:
                Odd(FREED[self.how])
                time.sleep(60)
            else:
                signal.raise_signal(signal.SIGINT)
        except BaseException:
            if self.how in FREED:
                raise
        while True:
            time.sleep(0.01)


def stubborn(how):
    graph = WorkflowGraph()
    graph.connect(One(), "output", Stubborn(how), "input")
    return graph


class AtTheEnd(IterativePE):
    """Interrupts the process that has started this one, when all is nearly done."""

    def _postprocess(self):
        os.kill(os.getppid(), signal.SIGINT)


def at_the_end():
    graph = WorkflowGraph()
    graph.connect(One(), "output", AtTheEnd(), "input")
    return graph


class Whose(ProducerPE):
    """Which process has it."""

    def _process(self, inputs):
        return os.getpid()


def whose():
    graph = WorkflowGraph()
    graph.add(Whose())
    return graph
