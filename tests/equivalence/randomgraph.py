"""Graphs made from a description, for properties over random graphs."""

from __future__ import annotations

import json

from d4p import GenericPE, WorkflowGraph


class Node(GenericPE):
    """Passes items on as (value, hops...), in a way that the `kind` of the node says.

    Items are lists [key, number]; nothing depends on the order in which items of different producers meet.
    """

    stateful = None

    def __init__(self, name, kind, inputs, outputs):
        GenericPE.__init__(self)
        self.name = name
        self.kind = kind
        for port, grouping in inputs:
            self._add_input(port, grouping=grouping)
        for port in outputs:
            self._add_output(port)


class Source(Node):
    def _process(self, inputs):
        start = len(self.name)
        for i in range(start, start + 13):
            for port in self.outputconnections:
                self.write(port, [i % 5, i])


class Map(Node):
    def _process(self, inputs):
        for port, (key, number) in inputs.items():
            return {out: [(key + len(port)) % 7, number + 1] for out in self.outputconnections}


class Expand(Node):
    def _process(self, inputs):
        for key, number in inputs.values():
            for out in self.outputconnections:
                self.write(out, [key, number])
                self.write(out, [(key + 1) % 5, number * 2])


class Odd(Node):
    def _process(self, inputs):
        for key, number in inputs.values():
            if number % 2:
                return {out: [key, number] for out in self.outputconnections}


class Sum(Node):
    """Keeps state: sums by key, written at the end, also where there was nothing."""

    def __init__(self, *args):
        Node.__init__(self, *args)
        self.sums = {}
        self.seen = 0

    def _process(self, inputs):
        self.seen += 1
        for key, number in inputs.values():
            self.sums[key] = self.sums.get(key, 0) + number

    def _postprocess(self):
        for out in self.outputconnections:
            for key, number in sorted(self.sums.items()):
                self.write(out, [key, number])
            self.write(out, [-1, self.seen])


KINDS = {"source": Source, "map": Map, "expand": Expand, "odd": Odd, "sum": Sum}


def make(spec):
    """The graph of a JSON description: nodes [name, kind, count, inputs, outputs], edges [i, port, j, port]."""
    spec = json.loads(spec)
    graph = WorkflowGraph()
    nodes = []
    for name, kind, count, inputs, outputs in spec["nodes"]:
        node = KINDS[kind](name, kind, inputs, outputs)
        if count:
            node.numprocesses = count
        graph.add(node)
        nodes.append(node)
    for i, out, j, port in spec["edges"]:
        graph.connect(nodes[i], out, nodes[j], port)
    return graph
