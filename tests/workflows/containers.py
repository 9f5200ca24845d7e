"""Workflows that write arrays into Arrow files; `folder` and `trace` as in `outputs`."""

import os

import numpy as np
from outputs import Dies, Trace

from d4p import ReadLines, WorkflowGraph, WriteArrow
from d4p.seismo import Correlation

LAGS = 11


def of_line(line, dtype):
    number = int(line.split()[-1])
    values = (np.arange(LAGS) - number).astype(dtype)
    return Correlation(f"XX.S{number:03d}..BHZ", "XX.LAST..BHZ", 1.5e9, 4.0, -1.25, values)


class Made(Trace):
    def __init__(self, dtype, trace=None):
        Trace.__init__(self, trace)
        self.dtype = dtype

    def _process(self, line):
        return of_line(line, self.dtype)


class MadeOnce(Dies):
    def _process(self, line):
        return of_line(Dies._process(self, line), "float32")


def arrays(folder="", dtype="float32", trace=None, pe=None):
    """Every instance reads, works and writes for itself; what isn't UTF-8 is read by d4p itself on every target."""
    graph = WorkflowGraph()
    read, made = ReadLines(os.path.join(folder, "in"), "latin-1", split_bytes=200), pe or Made(dtype, trace)
    graph.connect(read, "output", made, "input")
    graph.connect(made, "output", WriteArrow(os.path.join(folder, "out")), "input")
    return graph


def dies(how="raise", folder="", trace=None):
    """Instance 2 doesn't finish, once."""
    return arrays(folder, pe=MadeOnce(how, folder, trace))
