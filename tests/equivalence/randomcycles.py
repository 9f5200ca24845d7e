"""Graphs with cycles made from a description: items carry the number of hops that they have left, so a run ends."""

from __future__ import annotations

import json

from d4p import GenericPE, WorkflowGraph

HOPS = 4


class Node(GenericPE):
    """Passes on items [key, number, hops]; nothing depends on the order in which items meet."""

    stateful = None

    def __init__(self, name, inputs):
        GenericPE.__init__(self)
        self.name = name
        for port, grouping in inputs:
            self._add_input(port, grouping=grouping)
        self._add_output("out")
        self._add_output("spent")

    def _process(self, inputs):
        ((port, (key, number, hops)),) = inputs.items()
        port_out = "out" if hops else "spent"
        return {port_out: self.changed(port, key, number) + [hops - 1]}

    def changed(self, port, key, number):
        return [(key + len(port)) % 7, number + 1]


class Source(Node):
    def _process(self, inputs):
        for i in range(9):
            self.write("out", [i % 5, i, HOPS])


class Shift(Node):
    def changed(self, port, key, number):
        return [(key + 1) % 5, 3 * number % 101]


class Sum(Node):
    """Keeps state, tells the sum so far of each key at its end; that goes round as well."""

    def __init__(self, name, inputs):
        Node.__init__(self, name, inputs)
        self.sums = {}

    def changed(self, port, key, number):
        self.sums[key] = self.sums.get(key, 0) + number
        return [key, number]

    def _postprocess(self):
        for key, number in sorted(self.sums.items()):
            self.write("out", [key, number, HOPS - 2])


KINDS = {"source": Source, "map": Node, "shift": Shift, "sum": Sum}


def make(spec):
    """The graph of a JSON description: nodes [name, kind, count, inputs], edges [i, j, port]; from "out" all."""
    spec = json.loads(spec)
    graph, nodes = WorkflowGraph(), []
    for name, kind, count, inputs in spec["nodes"]:
        node = KINDS[kind](name, inputs)
        if count:
            node.numprocesses = count
        graph.add(node)
        nodes.append(node)
    for i, j, port in spec["edges"]:
        graph.connect(nodes[i], "out", nodes[j], port)
    return graph
