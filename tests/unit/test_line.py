"""The line of what edges lead back on the sequential target."""

from __future__ import annotations

import pytest

from d4p.describe.failure import PeFailed
from d4p.engines.line import Line


def all_of(line: Line) -> list[tuple[int, int, object]]:
    found = []
    while line:
        channel, dest, items = line.get()
        found += [(channel, dest, item) for item in items]
    return found


def test_first_in_first_out_over_all_ways(tmp_path):
    line, put = Line(tmp_path), []
    for i in range(3000):
        way = (i // 7 % 3, i // 40 % 2)
        line.put(*way, "a.x -> b.y", [i])
        put.append((*way, i))
    assert all_of(line) == put and not line


def test_a_batch_grows_and_what_is_put_while_it_is_processed_comes_behind_it(tmp_path):
    line = Line(tmp_path)
    for i in range(100):
        line.put(1, 0, "a.x -> b.y", [i])
    first = line.get()[2]
    line.put(1, 0, "a.x -> b.y", ["new"])
    rest = [item for _, _, item in all_of(line)]
    assert first == [0] and rest == [*range(1, 100), "new"]
    for i in range(100):
        line.put(1, 0, "a.x -> b.y", [i])
    assert len(line.get()[2]) > 10


def test_items_come_out_as_copies(tmp_path):
    line, item = Line(tmp_path), [1]
    line.put(1, 0, "a.x -> b.y", [item])
    found = line.get()[2][0]
    assert found == item and found is not item


def test_an_item_that_cannot_be_pickled_is_named(tmp_path):
    line = Line(tmp_path)
    line.put(1, 0, "a.x -> b.y", [lambda: 0])
    with pytest.raises(PeFailed, match="a.x -> b.y: items that go to another process must be picklable"):
        line.get()
