"""All pairs as they used to be made: one PE pairs the stations and sends both spectra with every pair; a file a pair.

Runs with dispel4py 1.2.1 as it is, and with d4p.
"""

import os

import numpy as np
from dispel4py.base import GenericPE, IterativePE
from dispel4py.workflow_graph import WorkflowGraph
from scipy.fft import irfft, next_fast_len

NPTS, SHIFT = 14400, 5000


class Spectra(GenericPE):
    """The rows of an array in a .npy file."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("path")
        self._add_output("output")

    def process(self, inputs):
        for number, values in enumerate(np.load(inputs["path"])):
            self.write("output", (number, values))


class Pair(IterativePE):
    """Writes each item with all that came before."""

    def __init__(self):
        IterativePE.__init__(self)
        self.seen = []

    def _process(self, item):
        for other in self.seen:
            self.write("output", (other, item))
        self.seen.append(item)


class Correlate(IterativePE):
    def _process(self, pair):
        (i, a), (j, b) = pair
        circular = irfft(a * b.conj(), next_fast_len(NPTS + SHIFT, real=True))
        return i, j, np.concatenate([circular[-SHIFT:], circular[: SHIFT + 1]])


class Store(IterativePE):
    """A file for each pair."""

    def _process(self, item):
        i, j, values = item
        np.save(os.path.join(os.environ["TALK_OUTPUT"], "%d-%d.npy" % (i, j)), values)


spectra, pair, correlate, store = Spectra(), Pair(), Correlate(), Store()
spectra.name = "spectra"
correlate.numprocesses = store.numprocesses = 2
graph = WorkflowGraph()
graph.connect(spectra, "output", pair, "input")
graph.connect(pair, "output", correlate, "input")
graph.connect(correlate, "output", store, "input")
