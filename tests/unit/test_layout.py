"""Pictures of graphs: where boxes stand, where lines go, and what is drawn of a stage."""

from __future__ import annotations

import random
import re

import pytest

from d4p_compile.show.drawing import Box, Join, Line, picture
from d4p_compile.show.layout import layout, spread

SIZE = (100.0, 40.0)


def graphs():
    """A chain, a fan out and in, a line past others, circles, what isn't joined, and random ones."""
    yield [(at, at + 1) for at in range(6)], 7
    yield [*((0, at) for at in range(1, 6)), *((at, 6) for at in range(1, 6))], 7
    yield [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2), (1, 3)], 4
    yield [(0, 1), (1, 2), (2, 1), (2, 0), (2, 2)], 3
    yield [], 4
    for seed in range(40):
        chance = random.Random(seed)
        count = chance.randrange(2, 30)
        yield [(chance.randrange(count), chance.randrange(count)) for _ in range(chance.randrange(2 * count))], count


@pytest.mark.parametrize("edges, count", list(graphs()))
def test_boxes_are_apart_edges_lead_on_and_no_way_passes_through_a_box(edges, count):
    found = layout(dict.fromkeys(range(count), SIZE), edges, (30.0, 10.0))
    corners = list(found.at.values())
    for at, (x, y) in enumerate(corners):
        assert 0 <= x <= found.size[0] - SIZE[0] and -0.01 <= y <= found.size[1] - SIZE[1] + 0.01
        for x2, y2 in corners[at + 1 :]:
            assert abs(x - x2) >= SIZE[0] + 29 or abs(y - y2) >= SIZE[1] + 9.99
    for source, dest in edges:
        if source != dest and (source, dest) not in found.back:
            assert found.at[source][0] + SIZE[0] < found.at[dest][0]
            for x, y in found.ways[source, dest]:
                assert not any(x == left and top < y < top + SIZE[1] for left, top in corners)
    assert layout(dict.fromkeys(range(count), SIZE), edges, (30.0, 10.0)) == found


def test_a_tree_has_no_crossings_and_a_chain_is_straight():
    tree = [(at, 2 * at + branch) for at in range(1, 8) for branch in (0, 1)]
    at = layout(dict.fromkeys(range(1, 16), SIZE), [*reversed(tree)]).at
    for low, high in ((1, 2), (2, 4), (4, 8), (8, 16)):
        layer = sorted(range(low, high), key=lambda node: at[node][1])
        parents = [at[node // 2][1] for node in layer if node > 1]
        assert parents == sorted(parents)
    chain = layout(dict.fromkeys(range(9), SIZE), [(node, node + 1) for node in range(8)]).at
    assert len({y for _, y in chain.values()}) == 1


def test_places_are_as_near_as_their_order_allows():
    assert spread([5, 5, 5], [1, 1, 1], [2, 2]) == [3, 5, 7]
    assert spread([0, 9], [1, 1], [2]) == [0, 9]
    assert spread([9, 0], [3, 1], [2]) == [6.25, 8.25]  # the heavier one moves less


def test_a_large_graph_is_laid_out_without_recursion():
    found = layout(dict.fromkeys(range(3000), SIZE), [(at, at + 1) for at in range(2999)])
    assert found.size[0] > 3000 * SIZE[0]


def test_of_a_stage_of_many_the_first_and_last_are_drawn_and_edges_of_others_end_between():
    names = [f"pe{at}" for at in range(100)]
    drawn = picture([Box(1, "stage 1", "x1", tuple(map(Line, names)), calls=tuple(zip(names, names[1:], strict=False))),
                     Box(2, "stage 2", "x4", (Line("next"),))],
                    [Join("pe50", "next", ("5 items",)), Join("next", "pe0", back=True)], "a graph")
    assert "pe8<" in drawn and "pe9<" not in drawn and "… 88 more PEs" in drawn and "pe97<" in drawn
    assert drawn.count('class="call"') == 8 + 2 and "5 items" in drawn
    assert drawn.count('class="edge"') == 1 and drawn.count('class="edge back"') == 1
    left = float(re.search(r'viewBox="(\S+)', drawn)[1])
    assert all(float(x) >= left for way in re.findall(r' d="M([^"]*)"', drawn)
               for x in re.findall(r"(-?[\d.]+),", way))  # nothing is cut off on the left
