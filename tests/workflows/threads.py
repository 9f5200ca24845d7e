"""A module that starts threads when it is imported, and PEs that need them. Nothing here knows of d4p."""

import logging
import logging.handlers
import queue
import time
from concurrent.futures import ThreadPoolExecutor

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

POOL = ThreadPoolExecutor(1)
POOL.submit(int).result()
SEEN = []


class Sees(logging.Handler):
    def emit(self, record):
        SEEN.append(record.getMessage())


QUEUE = queue.Queue()
LISTENER = logging.handlers.QueueListener(QUEUE, Sees())
LISTENER.start()
LOG = logging.getLogger("threads")
LOG.addHandler(logging.handlers.QueueHandler(QUEUE))
LOG.propagate = False


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(6):
            self.write("output", (i % 2, i))


class Uses(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.numprocesses = 2

    def _process(self, item):
        LOG.warning("item %d", item[1])
        until = time.monotonic() + 10
        while "item %d" % item[1] not in SEEN and time.monotonic() < until:
            time.sleep(0.001)
        return POOL.submit(pow, item[1], 2).result(timeout=10), "item %d" % item[1] in SEEN


def uses():
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Uses(), "input")
    return graph
