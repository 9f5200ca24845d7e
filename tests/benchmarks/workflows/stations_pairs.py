"""All pairs of given spectra, correlated as examples/stations does, and stored or not."""

import numpy as np
from stations import Correlate, Spectrum

from d4p import AllPairs, ConsumerPE, ProducerPE, WorkflowGraph, WriteArrow


class Spectra(ProducerPE):
    """The rows of an array in a .npy file."""

    def __init__(self, path, npts):
        ProducerPE.__init__(self)
        self.path, self.npts = path, npts

    def _process(self, inputs):
        for number, values in enumerate(np.load(self.path)):
            self.write("output", Spectrum(f"XX.S{number:04d}..HHZ", 0.0, 4.0, self.npts, values))


class Seen(ConsumerPE):
    """Takes correlations and does nothing with them."""

    stateful = False

    def _process(self, correlation):
        pass

    def process_batch(self, inputs):
        pass


def graph(path, output=None, npts=14400, shift=5000):
    made = WorkflowGraph()
    spectra, pairs, correlate = Spectra(path, npts), AllPairs(order_by="id"), Correlate(shift)
    made.connect(spectra, "output", pairs, "input")
    made.connect(pairs, "output", correlate, "input")
    made.connect(correlate, "output", WriteArrow(output) if output else Seen(), "input")
    return made
