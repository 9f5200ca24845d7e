"""A graph from a few words: for the examples in passes, and for tests."""

from __future__ import annotations

from .graph import Edge, Graph, Grouping, Pe, Port, Request, State

BY, ALL, GLOBAL, NONE = Grouping("by", (0,)), Grouping("all"), Grouping("global"), Grouping()


def sketch(*edges: str, partitions: tuple[str, ...] = (), **marks: object) -> Graph:
    """A graph of edges `"a b"`, from `a.out` to `b.in`, its PEs in the order of their first mention.

    `marks` say of a PE, one or several in a tuple: the grouping of its input, the count that it asks for, and
    "state" (it keeps some), "any" (the same, and it says `any_order`), "partial" (the same, and it is a part of an
    aggregate), "single", "fuse", "apart", "reader".

    >>> graph = sketch("read count", count=("state", BY, 4))
    >>> [(pe.name, pe.state.keeps, pe.request.instances) for pe in graph.pes], str(graph.edges[0])
    ([('read', False, None), ('count', True, 4)], 'read.out -> count.in')
    """
    names = list(dict.fromkeys(name for edge in edges for name in edge.split()))
    made = tuple(Edge(a, "out", b, "in") for a, b in (edge.split() for edge in edges))
    return Graph("sketch", tuple(_pe(name, marks.get(name, ())) for name in names), made,
                 partitions=tuple(tuple(part.split()) for part in partitions))


def _pe(name: str, marks: object) -> Pe:
    marks = marks if isinstance(marks, tuple) else (marks,)
    asked = next((mark for mark in marks if isinstance(mark, int)), None)
    partial = "partial" in marks
    keeps = partial or "state" in marks or "any" in marks
    return Pe(
        id=name, name=name, cls="sketch.Pe", outputs=("out",),
        inputs=(Port("in", next((mark for mark in marks if isinstance(mark, Grouping)), NONE)),),
        kind="reader" if "reader" in marks else "pe",
        request=Request(asked, "single" in marks, True if "fuse" in marks else False if "apart" in marks else None),
        state=State(keeps, any_order=partial or "any" in marks, partial=partial),
    )
