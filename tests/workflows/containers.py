"""Workflows that write arrays into Arrow files; `folder` and `trace` as in `outputs`."""

import os
import sys

import numpy as np
from outputs import Dies, Trace

from d4p import AllPairs, Batch, IterativePE, ProducerPE, ReadLines, WorkflowGraph, WriteArrow
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


class Looks(Made):
    """Its records' start says whether pyarrow was there when its process began, in which there is no writer."""

    def preprocess(self):
        self.found = "pyarrow" in sys.modules

    def _process(self, line):
        return Made._process(self, line)._replace(start=float(self.found))


class MadeOnce(Dies):
    def _process(self, line):
        return of_line(Dies._process(self, line), "float32")


def arrays(folder="", dtype="float32", trace=None, pe=None, writers=None):
    """Every instance reads, works and writes for itself; what isn't UTF-8 is read by d4p itself on every target."""
    graph = WorkflowGraph()
    read, made = ReadLines(os.path.join(folder, "in"), "latin-1", split_bytes=200), pe or Made(dtype, trace)
    write = WriteArrow(os.path.join(folder, "out"))
    if writers:
        write.numprocesses = writers
    graph.connect(read, "output", made, "input")
    graph.connect(made, "output", write, "input")
    return graph


def looks(folder=""):
    looks = Looks("float32")
    looks.numprocesses = 3
    return arrays(folder, pe=looks, writers=2)


def dies(how="raise", folder="", trace=None):
    """Instance 2 doesn't finish, once."""
    return arrays(folder, pe=MadeOnce(how, folder, trace))


class Traces(ProducerPE):
    """`(id, values)` of `count` traces."""

    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        rng = np.random.default_rng(3)
        for number in rng.permutation(self.count).tolist():
            self.write("output", (f"XX.S{number:03d}..BHZ", rng.standard_normal(LAGS).astype("float32")))


class Product(IterativePE):
    """Something of two traces that isn't the same the other way round."""

    def _process(self, pair):
        (first, a), (second, b) = pair
        return Correlation(first, second, 1.5e9, 4.0, -1.25, a[::-1] * b)


class ProductInTiles(Product):
    def _process(self, pair):
        return Product._process(self, pair)

    def process_batch(self, inputs):
        tile = inputs["input"]
        (first, a), (second, b) = tile.left.columns, tile.right.columns
        for i, others in tile.rows():
            values = a[i, ::-1] * b[others]
            n = len(values)
            yield {"output": Batch(Correlation([first[i]] * n, second[others], [1.5e9] * n, np.full(n, 4.0),
                                               np.full(n, -1.25), values))}  # fmt: skip


def pairs(folder="", count=20, tiles=True):
    """Every pair of traces, in parts that are tiles of pairs; in batches, or pair by pair."""
    graph = WorkflowGraph()
    all_pairs, product = AllPairs(order_by=0), ProductInTiles() if tiles else Product()
    graph.connect(Traces(count), "output", all_pairs, "input")
    graph.connect(all_pairs, "output", product, "input")
    graph.connect(product, "output", WriteArrow(os.path.join(folder, "out")), "input")
    return graph
