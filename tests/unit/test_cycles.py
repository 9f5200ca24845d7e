"""Which edges lead back, and what `process_and_return` makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import d4p_compile
from d4p import IterativePE, ProducerPE, WorkflowGraph
from d4p.compat.direct import process_and_return
from d4p.graph.cycles import back_edges

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "cycles.py"


def graph(name: str, **parameters):
    return d4p_compile.load(f"{WORKFLOWS}:{name}", parameters=parameters or None).loaded.graph


def back(edges: str) -> list[str]:
    """The edges that lead back, of "a b" pairs; PEs in order of mention."""
    pairs = [pair.split() for pair in edges.split(", ")]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    found = back_edges(len(names), [(names.index(a), names.index(b)) for a, b in pairs])
    return [" ".join(pair) for pair, leads_back in zip(pairs, found, strict=True) if leads_back]


@pytest.mark.parametrize("edges, expected", [
    ("a b, b c", []),
    ("a b, a c, b d, c d", []),
    ("a a", ["a a"]),
    ("r a, a a, a b", ["a a"]),
    ("r a, a b, b a", ["b a"]),
    ("b a, a b, r a", ["b a"]),  # wherever it was connected: a is nearer to the root
    ("r m, m x, m y, x m, y m", ["x m", "y m"]),  # not the one edge m's items go by
    ("r a, a b, b a, a c, c a", ["b a", "c a"]),
    ("r a, a b, b c, c a, c b", ["c a", "c b"]),
    ("r a, r b, a b, b a", ["b a"]),  # both are fed: the later one
    ("r a, r b, b a, a b", ["a b"]),
    ("p q, q p", ["q p"]),  # nothing feeds it: from the first that was added
    ("p q, q p, r q", ["p q"]),
    ("r x, r u, v x, x u, u v", ["x u"]),
    ("r a, s c, a b, b c, c d, d a", ["d a"]),
    ("a b, b a, c d, d c, b c", ["b a", "d c"]),
])  # fmt: skip
def test_the_edge_that_closes_a_cycle_seen_from_the_roots(edges, expected):
    assert back(edges) == expected


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=25))))
def test_no_cycle_is_left_none_is_cut_without_need_and_what_roots_reach_they_reach_forward(graph):
    count, edges = graph
    found = back_edges(count, edges)
    assert found == back_edges(count, edges)
    forward = [edge for edge, leads_back in zip(edges, found, strict=True) if not leads_back]
    assert is_acyclic(count, forward)
    for edge, leads_back in zip(edges, found, strict=True):
        assert not leads_back or not is_acyclic(count, [*forward, edge])
    roots = set(range(count)) - {dest for _, dest in edges}
    assert reached(roots, forward) == reached(roots, edges)


def is_acyclic(count, edges):
    left = set(range(count))
    while free := {pe for pe in left if not any(dest == pe and source in left for source, dest in edges)}:
        left -= free
    return not left


def reached(roots, edges):
    found = set(roots)
    while more := {dest for source, dest in edges if source in found} - found:
        found |= more
    return found


def test_a_long_ring_takes_no_time():
    count = 3000
    ring = [(i, i + 1) for i in range(count - 1)] + [(count - 1, 1)]
    assert back_edges(count, ring) == [False] * (count - 1) + [True]


# process_and_return


def test_process_and_return_goes_round():
    ((_, found),) = process_and_return(graph("sieve", last=30)).items()
    assert found == {"prime": [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]}
    ((_, found),) = process_and_return(graph("collatz", last=6)).items()
    assert sorted(found["done"]) == [(1, 0), (2, 1), (3, 7), (4, 2), (5, 5), (6, 8)]
    ((_, found),) = process_and_return(graph("self_loop")).items()
    assert found["output"] == [[0, [0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 1, 2, 0, 1, 0]]]


def test_process_and_return_is_done_with_an_item_of_a_root_before_the_next():
    class Count(ProducerPE):
        def _process(self, inputs):
            return inputs["from"]

    class Down(IterativePE):
        def _process(self, n):
            seen.append(n)
            if n > 0:
                return n - 1

    seen, made, count, down = [], WorkflowGraph(), Count(), Down()
    made.connect(count, "output", down, "input")
    made.connect(down, "output", down, "input")
    process_and_return(made, {"Count": [{"from": 2}, {"from": 1}]})
    assert seen == [2, 1, 0, 1, 0]


def test_process_and_return_runs_postprocess_in_order_of_addition():
    ((_, found),) = process_and_return(graph("postprocess_goes_round")).items()
    ((_, events),) = found["output"]
    assert [name for name, _, _, said, _ in events if said == "post"] == ["first", "second", "third"]
    last = max(i for i, event in enumerate(events) if event[3] == "post of first 0")
    assert last < events.index(("second", 0, None, "post", 0))
