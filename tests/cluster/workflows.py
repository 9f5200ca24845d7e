"""Workflows that read from and write to HDFS; the paths come from the environment."""

import os

from d4p import IterativePE, ReadFiles, ReadLines, WorkflowGraph, WriteText
from d4p.filesystems import files

SOURCE, DEST = os.environ.get("TEST_SOURCE", "/none"), os.environ.get("TEST_DEST", "/none")


class Upper(IterativePE):
    def _process(self, line):
        return line.upper()


class Sizes(IterativePE):
    """Takes a folder's URL, opens what is in it, writes names and sizes."""

    def preprocess(self):
        assert files.exists(SOURCE)

    def _process(self, folder):
        for path in files.list(folder):
            with files.open(path) as file:
                self.write("output", (path.rpartition("/")[2], len(file.read())))


def length(path):
    with open(path, "rb") as file:
        return os.path.basename(path), len(file.read())


lines = WorkflowGraph()
reader = ReadLines(SOURCE, split_bytes=100_000)
reader.numprocesses = 3
upper = Upper()
upper.numprocesses = 3
lines.connect(reader, "output", upper, "input")
lines.connect(upper, "output", WriteText(DEST), "input")

whole = WorkflowGraph()
whole.add(ReadFiles(SOURCE, reader=length))

own = WorkflowGraph()
sizes = Sizes()
own.add(sizes)
