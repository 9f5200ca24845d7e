"""Which edges lead back: those that close a cycle, seen from the roots. Without them a graph has no cycle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

Arc = tuple[int, int]


def back_edges(count: int, edges: Sequence[Arc]) -> list[bool]:
    """For each edge whether it leads back.

    The way on which each PE is first reached from the roots leads forward: what comes from outside a cycle enters it
    by forward edges. The others are taken in the order of connection, and one that closes a cycle with those taken
    before leads back. So the last edge of a cycle does, a PE's edge to itself does, an edge to a PE through which all
    ways to its source go (the natural loops of compilers) does wherever it was connected, and none does without
    need: to take any one of them for a forward edge would close a cycle. (The smallest such set is NP-hard to find:
    Karp 1972, and may cut a cycle off from what feeds it.)

    Args:
        count: of PEs; they are 0, 1, ... in order of addition.
        edges: (source, dest) in order of connection.

    >>> back_edges(3, [(2, 1), (0, 1), (1, 2)])  # 0 > 1 > 2 > 1
    [True, False, False]
    """
    inside = _on_cycles(count, edges)
    if not inside:
        return [False] * len(edges)
    leads_back = [False] * len(edges)
    tree = _first_ways(count, edges)
    after: dict[int, list[int]] = {pe: [] for pe in inside}
    within = [i for i, (source, dest) in enumerate(edges) if source in inside and dest in inside]
    for i in sorted(within, key=lambda i: (i not in tree, i)):
        source, dest = edges[i]
        if _reaches(after, dest, source):
            leads_back[i] = True
        else:
            after[source].append(dest)
    return leads_back


def _on_cycles(count: int, edges: Iterable[Arc]) -> set[int]:
    """The PEs on cycles and between them: what is left when PEs that nothing feeds, or that feed nothing, are taken
    away again and again."""
    left = set(range(count))
    for near, far in ((0, 1), (1, 0)):
        waiting, following = dict.fromkeys(left, 0), {pe: [] for pe in left}
        for edge in edges:
            if edge[0] in left and edge[1] in left:
                following[edge[near]].append(edge[far])
                waiting[edge[far]] += 1
        free = [pe for pe in left if not waiting[pe]]
        while free:
            pe = free.pop()
            left.discard(pe)
            for other in following[pe]:
                waiting[other] -= 1
                if not waiting[other]:
                    free.append(other)
    return left


def _first_ways(count: int, edges: Sequence[Arc]) -> set[int]:
    """The edges by which a search, breadth first, first comes to each PE: from all roots, then from those PEs that no
    root reaches, in order of addition."""
    after: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for i, (source, dest) in enumerate(edges):
        after[source].append(i)
        fed[dest] = True
    found, ways = set(), set()
    for starts in ([pe for pe in range(count) if not fed[pe]], *([pe] for pe in range(count))):
        queue = deque(pe for pe in starts if pe not in found)
        found.update(queue)
        while queue:
            for i in after[queue.popleft()]:
                dest = edges[i][1]
                if dest not in found:
                    found.add(dest)
                    ways.add(i)
                    queue.append(dest)
    return ways


def _reaches(after: dict[int, list[int]], start: int, end: int) -> bool:
    seen, stack = {start}, [start]
    while stack:
        pe = stack.pop()
        if pe == end:
            return True
        for other in after[pe]:
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return False
