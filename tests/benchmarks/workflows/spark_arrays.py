"""Filter, map and write of 64 KiB arrays, one stage; and lines of many small files, added up."""

import zlib

import numpy as np

from d4p import ConsumerPE, IterativePE, ReadFiles, ReadLines, WorkflowGraph, WriteRecords


def samples(path):
    return np.fromfile(path, np.float32).reshape(-1, 16 << 10)


class Rows(IterativePE):
    """Writes the arrays of a file one by one."""

    def _process(self, data):
        for array in data:
            self.write("output", array)


class Positive(IterativePE):
    """Keeps arrays with a positive sum."""

    def _process(self, data):
        return data if data.sum() > 0 else None


class Square(IterativePE):
    def _process(self, data):
        return data * data


def arrays(path="", out=""):
    """Read > rows > positive > square > write."""
    graph = WorkflowGraph()
    read, rows, positive, square = ReadFiles(path, samples), Rows(), Positive(), Square()
    write = WriteRecords(out, "pickle")
    graph.connect(read, "output", rows, "input")
    graph.connect(rows, "output", positive, "input")
    graph.connect(positive, "output", square, "input")
    graph.connect(square, "output", write, "input")
    return graph


class Checksum(IterativePE):
    """The number of lines and the sum of their CRC-32, of each instance."""

    stateful = False  # what the instances write is added up: it doesn't matter how many there are

    def __init__(self):
        IterativePE.__init__(self)
        self.lines = self.sum = 0

    def _process(self, line):
        self.lines += 1
        self.sum += zlib.crc32(line.encode())

    def _postprocess(self):
        self.write("output", (self.lines, self.sum))


class Total(ConsumerPE):
    any_order = True

    def __init__(self):
        ConsumerPE.__init__(self)
        self._add_output("output")
        self.inputconnections["input"]["grouping"] = "global"
        self.lines = self.sum = 0

    def _process(self, data):
        self.lines += data[0]
        self.sum += data[1]

    def _postprocess(self):
        self.write("output", (self.lines, self.sum))


def lines(path=""):
    """Read > checksum | total."""
    graph = WorkflowGraph()
    read, checksum, total = ReadLines(path), Checksum(), Total()
    graph.connect(read, "output", checksum, "input")
    graph.connect(checksum, "output", total, "input")
    return graph
