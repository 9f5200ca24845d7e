"""What a workflow graph keeps: nodes, edges, and the view of them that old code loops over."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from d4p.errors import Refused
from d4p.frozen import dataclass
from d4p.graph.core import GenericPE


@dataclass(frozen=True)
class Edge:
    """`source.output` is connected to `dest.input`; `where` is "file:line" of the connect call, or ""."""

    source: Any
    output: str
    dest: Any
    input: str
    where: str = ""


class ByIdentity(MutableMapping):
    """A dict whose keys are objects themselves: two PEs that are equal are still two PEs."""

    def __init__(self) -> None:
        self._items: dict[int, tuple[Any, Any]] = {}

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._items[id(key)][1]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._items[id(key)] = (key, value)

    def __delitem__(self, key: Any) -> None:
        del self._items[id(key)]

    def __contains__(self, key: object) -> bool:
        return id(key) in self._items

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __getstate__(self) -> list[tuple[Any, Any]]:
        return [(None, None), *self._items.values()]  # never empty, or unpickling would skip __setstate__

    def __setstate__(self, state: list[tuple[Any, Any]]) -> None:
        self._items = {id(key): (key, value) for key, value in state[1:]}


class NodeGraph:
    """Nodes in order of addition and the edges between them, read the way an undirected networkx graph is.

    Connections from one node to another share one dict, with the keys dispel4py uses: `DIRECTION` (the two objects),
    `ALL_CONNECTIONS` (the pairs of ports), and the first pair as `FROM_CONNECTION` and `TO_CONNECTION`. Where two
    nodes are connected in both directions `graph[node][other]` shows the first; `edges` gives both.
    """

    def __init__(self) -> None:
        self.links: list[Edge] = []
        self._around: dict[Any, list[tuple[Any, Any, dict]]] = {}

    def add_node(self, node: Any, **attributes: Any) -> None:
        """Adds a node; one that is there already stays where it is."""
        self._around.setdefault(node, [])

    def link(self, source: Any, dest: Any, edge: Edge) -> None:
        """Adds one connection between two nodes of the graph."""
        self.links.append(edge)
        ports = (edge.output, edge.input)
        for start, end, data in self._around[source]:
            if start is source and end is dest:
                data["ALL_CONNECTIONS"].append(ports)
                return
        data = {"FROM_CONNECTION": edge.output, "TO_CONNECTION": edge.input,
                "DIRECTION": (edge.source, edge.dest), "ALL_CONNECTIONS": [ports]}
        for node in {id(source): source, id(dest): dest}.values():
            self._around[node].append((source, dest, data))

    def nodes(self, data: bool = False) -> list[Any]:
        """All nodes in order of addition, with an empty dict each when data is asked for."""
        return [(node, {}) for node in self._around] if data else list(self._around)

    def edges(self, node: Any = None, data: bool = False) -> list[tuple]:
        """The edges at a node, seen from it, or all edges; with their dicts when data is asked for."""
        if node is None:
            found = [(s, d, a) for at, links in self._around.items() for s, d, a in links if s is at]
        else:
            found = [(node, d if s is node else s, a) for s, d, a in self._around[node]]
        return found if data else [(s, d) for s, d, _ in found]

    def neighbors(self, node: Any) -> Iterator[Any]:
        """The nodes connected to a node."""
        return iter(self[node])

    def has_edge(self, a: Any, b: Any) -> bool:
        """Whether two nodes are connected, in either direction."""
        return a in self._around and b in self[a]

    def number_of_nodes(self) -> int:
        return len(self._around)

    def number_of_edges(self) -> int:
        return len(self.edges())

    def __getitem__(self, node: Any) -> dict[Any, dict]:
        around: dict[Any, dict] = {}
        for _, other, data in self.edges(node, data=True):
            around.setdefault(other, data)
        return around

    def __contains__(self, node: Any) -> bool:
        return node in self._around

    def __iter__(self) -> Iterator[Any]:
        return iter(self._around)

    def __len__(self) -> int:
        return len(self._around)


class AnyGraph:
    """What a WorkflowGraph is known by to what it is made with.

    Attributes: as those of `d4p.graph.workflow_graph.WorkflowGraph`.
    """

    graph: NodeGraph
    objToNode: Any
    inputconnections: Any
    outputconnections: Any
    partitions: Any
    numprocesses: Any
    _d4p_count: int
    _d4p_warnings: tuple[str, ...]


class WorkflowNode:
    """A place in a graph that holds a PE or a composite."""

    WORKFLOW_NODE_PE = 0
    WORKFLOW_NODE_FN = 1
    WORKFLOW_NODE_CP = 2

    def __init__(self, o: Any) -> None:
        _check_member(o)
        self.obj = o
        self.nodeType = self.WORKFLOW_NODE_CP if isinstance(o, AnyGraph) else self.WORKFLOW_NODE_PE
        self.inputs: list[dict] = [{} for _ in o.inputconnections]
        self.outputs: list[dict] = [{} for _ in o.outputconnections]

    def getContainedObject(self) -> Any:
        """The PE or composite."""
        return self.obj

    get_contained_object = getContainedObject


def _check_member(o: Any) -> None:
    """Refuses what cannot stand in a graph."""
    if isinstance(o, (GenericPE, AnyGraph)):
        if not hasattr(o, "inputconnections" if isinstance(o, GenericPE) else "objToNode"):
            raise Refused(f"{type(o).__name__} was not initialised: its __init__ must call the __init__ of its base"
                          " class first")
        return
    if isinstance(o, type):
        hint = f"the class {o.__name__} itself; make a PE of it: {o.__name__}()"
    else:
        hint = f"an object of type {type(o).__module__}.{type(o).__qualname__}: {repr(o)[:80]}"
    raise Refused(f"a workflow graph holds PEs and composites; it was given {hint}")
