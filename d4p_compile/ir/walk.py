"""Walks over what is joined by arcs: PEs by edges, stages by channels.

networkx, which has far more, takes longer to import than a small workflow to plan: it is for the rare questions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Hashable)
#: For each node those with an arc to it, in some order, each once.
Before = Mapping[Node, Iterable[Node]]


def topological(before: Before[Node], key: Callable[[Node], Any]) -> list[Node]:
    """All nodes, each behind those before it; of several that could come next the one of the least `key`, which no two
    share.

    Raises:
        graphlib.CycleError: there is none; its second argument is a cycle.

    >>> topological({"a": [], "b": ["a"], "c": ["a"]}, key=lambda name: -ord(name))
    ['a', 'c', 'b']
    """
    sorter = TopologicalSorter(before)
    sorter.prepare()
    found: list[Node] = []
    waiting: list[tuple[Any, Node]] = []
    while sorter.is_active():
        for node in sorter.get_ready():
            heapq.heappush(waiting, (key(node), node))
        _, node = heapq.heappop(waiting)
        found.append(node)
        sorter.done(node)
    return found


def cycle(before: Before[Node]) -> list[Node] | None:
    """Nodes that lead round, the first one again at the end; None where none do."""
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def upstream(before: Before[Node], nodes: Iterable[Node]) -> set[Node]:
    """The nodes from which some of `nodes` is reached over at least one arc.

    >>> sorted(upstream({"a": [], "b": ["a"], "c": ["b"]}, ["c"]))
    ['a', 'b']
    """
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        for node in before[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
