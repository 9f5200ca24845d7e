"""The workflow graph: PEs and composites, and which output feeds which input."""

from __future__ import annotations

import sys
from typing import Any

from d4p.errors import Refused
from d4p.graph.core import NAME, GenericPE
from d4p.graph.flatten import flatten, flatten_in_place, leading_back, topological
from d4p.graph.nodes import AnyGraph, ByIdentity, Edge, NodeGraph, WorkflowNode
from d4p.graph.spelled import also


class Ports(dict):
    """Ports of a composite: a port that is asked for and isn't there yet is made, so its grouping can be set."""

    def __missing__(self, name: str) -> dict[str, Any]:
        port = self[name] = {NAME: name}
        return port


class WorkflowGraph(AnyGraph):
    """A workflow, or with `inputmappings` and `outputmappings` a composite that is used as a PE.

    Attributes (those marked * do not exist until they are set):
        graph: the nodes and edges, readable like a networkx graph.
        objToNode: PE or composite -> its node.
        inputmappings*, outputmappings*: port of the composite -> (inner PE or composite, its port).
        inputconnections, outputconnections: port of the composite -> dict; a `grouping` passes to the inner port.
        partitions*: lists of PEs that the user wants in one process each.
        numprocesses*: of a composite, an int for inner PEs that ask for nothing; with partitions, a count for each.
        on_error*: what becomes of an item for which a PE fails that doesn't say so itself, as `GenericPE.on_error`.
        fuse*: True where all its PEs stay in one process with what feeds them, as with `fuse` of a PE.
    """

    def __init__(self) -> None:
        self.graph = NodeGraph()
        self.objToNode: Any = ByIdentity()
        self._d4p_count = 0  # PEs directly in this graph, composites not counted
        self._d4p_warnings: tuple[str, ...] = ()  # of an earlier flatten() in place

    def add(self, n: Any) -> WorkflowNode:
        """Adds a PE or a composite and returns its node; what is in the graph already stays as it is."""
        if n in self.objToNode:
            return self.objToNode[n]
        node = WorkflowNode(n)
        if isinstance(n, GenericPE):
            n.id = f"{n.name}{self._d4p_count}"
            self._d4p_count += 1
        self.graph.add_node(node)
        self.objToNode[n] = node
        return node

    @also(fromNode="from_node", fromConnection="output", toNode="to_node", toConnection="input",
          from_connection="output", to_connection="input")
    def connect(self, from_node: Any, output: str, to_node: Any, input: str) -> None:
        """Feeds an output of one PE or composite to an input of another; adds either where it isn't in the graph."""
        source, dest = self.add(from_node), self.add(to_node)
        self.graph.link(source, dest, Edge(from_node, output, to_node, input, _caller()))

    def flatten(self) -> None:
        """Replaces every composite by its PEs, in place; see `d4p.graph.flatten`."""
        flatten_in_place(self)

    def propagate_types(self) -> None:
        """Gives each PE the types of its inputs, sources first: `setInputTypes` from its sources' `getOutputTypes`.

        What an edge leads back is of no type yet when it is asked for, and is left out.
        """
        flat = flatten(self)
        arriving = ByIdentity()
        for edge, back in zip(flat.edges, leading_back(flat.pes, flat.edges), strict=True):
            if not back:
                arriving.setdefault(edge.dest, []).append(edge)
        for pe in topological(flat.pes, flat.edges):
            types = {}
            for edge in arriving.get(pe, ()):
                offered = edge.source.getOutputTypes()
                if edge.output not in offered:
                    raise Refused(f"{edge.source.id} has no output {edge.output!r} with a type"
                                  f" (it has: {', '.join(map(repr, offered)) or 'none'})")
                types[edge.input] = offered[edge.output]
            pe.setInputTypes(types)

    def getContainedObjects(self) -> list[Any]:
        """The PEs and composites directly in this graph, sorted by id as dispel4py does."""
        return sorted(self.objToNode, key=lambda o: getattr(o, "id", ""))

    get_contained_objects = getContainedObjects

    @property
    def inputconnections(self) -> Ports:
        """Input ports of the composite: those mapped, and those asked for."""
        return self._ports("_d4p_inputs", "inputmappings")

    @inputconnections.setter
    def inputconnections(self, ports: dict[str, dict[str, Any]]) -> None:
        self._d4p_inputs = Ports(ports)

    @property
    def outputconnections(self) -> Ports:
        """Output ports of the composite: those mapped, and those asked for."""
        return self._ports("_d4p_outputs", "outputmappings")

    @outputconnections.setter
    def outputconnections(self, ports: dict[str, dict[str, Any]]) -> None:
        self._d4p_outputs = Ports(ports)

    def _ports(self, kept: str, mappings: str) -> Ports:
        ports = self.__dict__.setdefault(kept, Ports())
        for name in self.__dict__.get(mappings) or ():
            ports[name]
        return ports

    def __getattr__(self, name: str) -> Any:
        """The successor's spellings; like the originals they exist once they were set."""
        if name in _SNAKE_CASE:
            return getattr(self, _SNAKE_CASE[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, _SNAKE_CASE.get(name, name), value)


_SNAKE_CASE = {
    "obj_to_node": "objToNode",
    "input_mappings": "inputmappings",
    "output_mappings": "outputmappings",
    "input_connections": "inputconnections",
    "output_connections": "outputconnections",
    "num_processes": "numprocesses",
}




def _caller() -> str:
    """ "file:line" of the first frame outside this package."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "d4p":
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""
