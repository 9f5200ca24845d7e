"""Places: what comes from several producers is merged in the order of the sequential run, whatever is late."""

from __future__ import annotations

import random
import weakref
from collections import deque
from typing import Any

import pytest

from d4p.items.packing import apart, head_of, headed, pack, pack_apart, unpack
from d4p.places.held import Held
from d4p.places.marks import RUN, Head, Marks, Run
from d4p.places.merge import Merge
from d4p.places.passing import Passing
from d4p.places.place import ENDED, Frontier
from d4p.places.unplaced import POSTPROCESS


def sent(marks: Marks, lane: int) -> tuple[Head, Any]:
    """A batch as it comes: of every other number of items still packed."""
    head, items = marks.cut(lane)
    return Head.loaded(head.packed()), items if len(items) % 2 else headed(head.packed(), pack(items))


def put(marks: Marks, held: list[list], lane: int, item: object) -> None:
    """As an outlet does."""
    if marks.numbered and marks.dealer and marks.number[0] == RUN:
        marks.begin()
    if marks.number:
        marks.noted[lane].append(marks.number[0])
    if marks.numbered:
        marks.number[0] += 1
    held[lane].append(item)


def drained(merge: Merge) -> list:
    return [item for *_, items in merge.take() for item in items]


@pytest.mark.parametrize("seed", range(60))
def test_runs_of_several_producers_are_taken_in_their_order(seed, tmp_path):
    """Runs of some items, some of which are dropped, of all sizes, sent whenever, in any order of producers."""
    choose = random.Random(seed)
    count = choose.randint(1, 5)
    held = [[[]] for _ in range(count)]
    marks = [Marks(producer, held[producer]) for producer in range(count)]
    merge, expected, got = Merge({7: count}, str(tmp_path)), [], []
    for run in range(choose.randint(1, 60)):
        producer = choose.randrange(count)
        marks[producer].at((), (1, run), Frontier((1,), {(): (1, run)}))
        for n in range(choose.choice([0, 1, 3])):
            held[producer][0].append((run, n))
            expected.append((run, n))
            if choose.random() < 0.3:
                merge.put(7, *sent(marks[producer], 0))
        for other in range(count):
            if choose.random() < 0.2:
                if other != producer and choose.random() < 0.5:
                    marks[other].reached(Frontier((1,), {(): (1, run + 1)}))
                merge.put(7, *sent(marks[other], 0))
        got += drained(merge)
    for producer in range(count):
        merge.put(7, *sent(marks[producer], 0))
        merge.put(7, Head(producer, ENDED, ()), [])
        got += drained(merge)
    assert got == expected


@pytest.mark.parametrize("seed", range(60))
def test_what_was_cut_apart_is_put_together_again(seed, tmp_path):
    """A dealer that numbers items, three that each take some of them and write one, two or no item for each, and may
    cut theirs apart once more; two levels of numbers."""
    choose = random.Random(seed)
    lanes: list[list] = [[], [], []]
    dealt = Marks(0, lanes, numbered=True, dealer=True)
    middle_held = [[[], []] for _ in range(3)]
    middle = [Marks(index, middle_held[index], numbered=True) for index in range(3)]
    into_middle = [Passing([marks], Merge({1: 1}, str(tmp_path))) for marks in middle]
    ends_held = [[[]], [[]]]
    steps: list[list[int]] = [[], []]
    ends = [Marks(index, ends_held[index], step=steps[index]) for index in range(2)]
    into_end = [Passing([ends[index]], Merge({2: 3}, str(tmp_path)), steps[index]) for index in range(2)]
    into_last: list[list] = [[], []]
    sink, got, expected = Merge({3: 2}, str(tmp_path)), [], []

    def work() -> None:
        for index, passing in enumerate(into_middle):
            if choose.random() < 0.7:
                for _, items in passing.take(1, *sent(dealt, index)):
                    for item in items:
                        for n in range(item[1]):
                            put(middle[index], middle_held[index], (item[0] + n) % 2, (item[0], n))
        for index, passing in enumerate(into_end):
            for producer in range(3):
                if choose.random() < 0.5:
                    for _, items in passing.take(2, *sent(middle[producer], index)):
                        for item in items:
                            put(ends[index], ends_held[index], 0, item)
                            into_last[index].append(item)
                            if choose.random() < 0.1:
                                sink.put(3, *sent(ends[index], 0))
            if choose.random() < 0.5:
                sink.put(3, *sent(ends[index], 0))
        got.extend(drained(sink))

    for i in range(50):
        lane, writes = choose.randrange(3), choose.choice([0, 1, 2])
        put(dealt, lanes, lane, (i, writes))
        expected += [(i, n) for n in range(writes)]
        work()
    for index in range(3):
        for head, items in (sent(dealt, index), (Head(0, ENDED, ()), [])):
            for _, some in into_middle[index].take(1, head, items):
                for item in some:
                    for n in range(item[1]):
                        put(middle[index], middle_held[index], (item[0] + n) % 2, (item[0], n))
    for _ in range(60):
        work()
    assert got == expected
    assert all(items == sorted(items) for items in into_last)


def test_an_item_that_is_being_put_is_still_to_come():
    """What is sent by another thread, just as an item has its number and doesn't lie on its lane yet."""
    held: list[list] = [[], []]
    marks = Marks(0, held, numbered=True, dealer=True)
    put(marks, held, 0, "a")
    marks.noted[0].append(marks.number[0])
    marks.number[0] += 1
    head, items = sent(marks, 0)
    assert items == ["a"] and head.frontier.of(()) == (1, 0, 1)
    assert sent(marks, 1)[0].frontier.of(()) == (1, 0, 2)
    held[0].append("b")
    head, items = sent(marks, 0)
    assert items == ["b"] and [*head.runs[0].numbers] == [1] and head.frontier.of(()) == (1, 0, 2)


def test_phases_come_one_after_the_other_whatever_their_way(tmp_path):
    merge = Merge({1: 2, 2: 1}, str(tmp_path))
    late = Head(0, ENDED, (Run((9,), (3, 0), 1),))
    merge.put(1, Head(0, Frontier((1,), {(): (1, 5)}), (Run((), (1, 4), 1),)), ["a"])
    merge.put(1, late, ["postprocess"])
    assert drained(merge) == []  # the other producer has said nothing
    merge.put(1, Head(1, ENDED, (Run((), (1, 2), 1),)), ["b"])
    assert drained(merge) == []  # another channel may still bring what is written in preprocess
    merge.put(2, Head(0, Frontier((1,)), ()), [])
    assert drained(merge) == ["b", "a"]
    assert drained(merge) == []  # and items
    merge.put(2, Head(0, Frontier((1,)), (Run((), (1, 9), 1),)), ["c"])
    assert drained(merge) == ["c"]
    merge.put(2, Head(0, ENDED, ()), [])
    assert drained(merge) == ["postprocess"]


def test_what_is_written_in_postprocess_is_to_come_though_nothing_more_is_to_be_taken(tmp_path):
    """Two that have all of theirs, and of which the second writes first in its postprocess."""
    held: list[list[list]] = [[[]], [[]]]
    marks = [Marks(index, held[index]) for index in range(2)]
    passing = [Passing([mine], Merge({1: 1}, str(tmp_path)), last=(POSTPROCESS + 4, index))
               for index, mine in enumerate(marks)]
    last = Merge({2: 2}, str(tmp_path))
    for each, mine in zip(passing, marks, strict=True):
        assert list(each.take(1, Head(0, ENDED, ()), [])) == []
        last.put(2, *sent(mine, 0))
    got = []
    for index in (1, 0):
        passing[index].own((POSTPROCESS + 4, index))
        put(marks[index], held[index], 0, index)
        passing[index].end()
        last.put(2, *sent(marks[index], 0))
        got.append(drained(last))
    assert got == [[], [0, 1]]


def test_what_is_written_in_postprocess_is_to_come_though_the_postprocess_of_a_later_pe_has_come(tmp_path):
    """That of one which the first PE here isn't behind."""
    held: list[list[list]] = [[[]], [[]]]
    marks = [Marks(index, held[index]) for index in range(2)]
    passing = [Passing([mine], Merge({1: 1}, str(tmp_path)), last=(POSTPROCESS + 4, index))
               for index, mine in enumerate(marks)]
    last, got = Merge({2: 2}, str(tmp_path)), []
    for index in (0, 1):
        source = Marks(0, lane := [[]])
        source.at((), (POSTPROCESS + 6, 0), Frontier((POSTPROCESS + 6, 0)))
        put(source, lane, 0, f"later {index}")
        for _, items in passing[index].take(1, *sent(source, 0)):
            put(marks[index], held[index], 0, *items)
            last.put(2, *sent(marks[index], 0))
            got += drained(last)
    for index in (1, 0):
        passing[index].own((POSTPROCESS + 4, index))
        put(marks[index], held[index], 0, index)
        passing[index].end()
        last.put(2, *sent(marks[index], 0))
        got += drained(last)
    assert [item for item in got if isinstance(item, int)] == [0, 1] and len(got) == 4


def test_what_waits_lies_on_disk_where_it_is_much(tmp_path, monkeypatch):
    held = Held(str(tmp_path), memory=1000)
    kept = [held.put([bytes(600), n]) for n in range(5)]
    assert held.spilled > 2400
    assert [held.get(each) for each in reversed(kept)] == [[bytes(600), n] for n in reversed(range(5))]
    again = [held.put([bytes(600), n]) for n in range(5)]
    assert [held.get(each)[1] for each in again] == list(range(5))


def test_files_of_what_waits_go_as_it_is_taken(tmp_path, monkeypatch):
    """Also where there is always something that waits."""
    monkeypatch.setattr("d4p.places.held.FILE", 5000)
    held = Held(str(tmp_path), memory=0)
    kept = deque(held.put([bytes(1000), n]) for n in range(20))
    files = weakref.WeakSet(each.file for each in kept)
    assert len(files) > 3
    for n in range(20, 500):
        kept.append(held.put([bytes(1000), n]))
        files.add(kept[-1].file)
        assert held.get(kept.popleft())[1] == n - 20
        assert len(files) < 8 and all(file is not None and file.size < 7000 for file in files)


@pytest.mark.parametrize("memory", [0, 300, 1 << 20])
def test_what_waits_as_it_came_is_unpacked_when_it_is_in_turn(memory, tmp_path, monkeypatch):
    """All of a batch with the first of its runs, and nothing of it stays when the last is taken; where runs came
    different ways, none is kept here for another's sake."""
    monkeypatch.setattr("d4p.places.held.MEMORY", memory)
    unpacked: list[list] = []

    def unpack_it(packed: Any) -> list:
        unpacked.append(unpack(packed))
        return unpacked[-1]

    merge = Merge({4: 2}, str(tmp_path), unpack=unpack_it)
    batches = [[(run, n) for run in (4 * b, 4 * b + 2) for n in range(3)] for b in range(5)]
    for b, items in enumerate(batches):
        runs = tuple(Run((), (1, run), 3) for run in (4 * b, 4 * b + 2))
        merge.put(4, Head(0, Frontier((1, 4 * b + 3)), runs), pack(items))
    assert drained(merge) == [] and unpacked == [] and merge.holds
    for run in range(10):
        merge.put(4, Head(1, Frontier((1, 2 * run + 1)), ()), pack([]))
        assert drained(merge) == [(2 * run, n) for n in range(3)]
        assert unpacked == batches[: run // 2 + 1]
    assert not merge.holds and merge._held._bytes == 0 and not merge._bytes.total()

    runs = Run((1,), (1, 50), 1), Run((2,), (1, 50), 1)
    merge.put(4, Head(0, Frontier((1, 60)), runs), pack(["one way", "another"]))
    assert unpacked[-1] == ["one way", "another"]
    merge.put(4, Head(1, Frontier((1, 49), {(1,): (1, 60)}), ()), pack([]))
    assert drained(merge) == ["one way"]
    merge.put(4, Head(1, ENDED, ()), pack([]))
    assert drained(merge) == ["another"]


def test_a_merge_says_which_run_it_awaits_where_it_holds_much(tmp_path):
    """By the channel that the items were dealt on; what comes another way waits for something else."""
    merge = Merge({2: 2, 5: 1}, str(tmp_path), much=1000)
    merge.put(5, Head(0, Frontier((1,)), ()), [])
    merge.put(2, Head(0, Frontier((1, 9)), (Run((7,), (1, 3), 1), Run((7,), (1, 8), 1))), [bytes(900), bytes(900)])
    assert drained(merge) == [] and merge.behind() == {7: 0}  # of the other one nothing is known
    merge.put(2, Head(1, Frontier((1,), {(7,): (1, 2)}), (Run((7,), (1, 1), 1),)), ["first"])
    assert drained(merge) == ["first"] and merge.behind() == {7: 2}
    merge.put(2, Head(1, Frontier((1, 5)), ()), [])
    assert len(drained(merge)) == 1 and merge.behind() == {}  # there is less now
    merge.put(2, Head(0, Frontier((1, 20)), (Run((7, 3), (1, 10), 1),)), [bytes(2000)])
    assert drained(merge) == [] and merge.behind() == {3: 5}
    merge.put(2, Head(1, ENDED, ()), [])
    assert len(drained(merge)) == 2 and merge.behind() == {}


@pytest.mark.parametrize("items", [[], [1, 2], [(1, "a")], [[1], {"a": [object]}]])
def test_a_head_is_no_part_of_a_batch(items):
    for batch in (pack(items), pack_apart(items, 10)[0]):
        with_head = headed(b"says something", batch)
        assert unpack(with_head) == items and apart(with_head) == apart(batch) == []
        assert head_of(with_head) == b"says something" and head_of(batch) is None
    array = pytest.importorskip("numpy").zeros(5000)
    for batch in ([array], [array, "a", [array]]):
        head, beside = pack_apart(batch, 100)
        with_head = headed(b"", head)
        assert apart(with_head) == [view.nbytes for view in beside]
        assert len(unpack(memoryview(bytearray(with_head)), [bytearray(view) for view in beside])) == len(batch)


def test_a_head_is_the_same_bytes_whoever_holds_its_parts():
    """Spark compares what a task writes with what it wrote when it is run again."""
    place, numbers = (1, 2000), (5, 6)
    shared = Head(3, Frontier((1,), {(): place}), (Run((), place, 2, numbers), Run((), place, 2, numbers)))
    apart = Head(*(eval(repr(part)) for part in (3, Frontier((1,), {(): place}), shared.runs)))
    assert shared == apart and shared.packed() == apart.packed()


@pytest.mark.parametrize("seed", range(40))
def test_what_several_have_of_one_run_is_put_together(seed, tmp_path):
    """In pieces that come whenever; for some numbers there are two items, and what is written has the same places."""
    choose = random.Random(seed)
    count = choose.randint(2, 4)
    held: list[list] = [[[]] for _ in range(count)]
    marks = [Marks(producer, held[producer]) for producer in range(count)]
    merge, expected, got = Merge({4: count}, str(tmp_path)), [], []
    for run in range(6):
        mine = [choose.randrange(count) for _ in range(30)]
        numbers = {producer: [n for n in range(30) if mine[n] == producer] for producer in range(count)}
        expected += [(run, n, k) for n in range(30) for k in range(1 + n % 2)]
        frontier = Frontier((1, run), {(): (1, run)})
        for each in marks:
            each.at((), (1, run), frontier)
        left = [producer for producer in numbers for _ in numbers[producer]]
        choose.shuffle(left)
        for producer in left:
            n = numbers[producer].pop(0)
            marks[producer].number[:] = [n]
            for k in range(1 + n % 2):
                put(marks[producer], held[producer], 0, (run, n, k))
            if choose.random() < 0.3:
                merge.put(4, *sent(marks[producer], 0))
                got += drained(merge)
        for each in marks:
            each.reached(Frontier((1, run + 1)))
            merge.put(4, *sent(each, 0))
        got += drained(merge)
        assert got == expected, run
    assert not merge.holds and not merge.behind()


@pytest.mark.parametrize("cuts", [2, 3, 5])
def test_runs_are_cut_apart_however_often(cuts, tmp_path):
    """By two instances each time, which write one, two or no item for each; and put together at last."""
    choose = random.Random(cuts)
    held: list[list[list]] = [[[], []]]
    marks = [Marks(0, held[0], numbered=True, dealer=True)]
    expected: list = list(range(1500))
    for n in expected:  # more than one run
        put(marks[0], held[0], choose.randrange(2), n)
    for cut in range(1, cuts + 1):
        writes = {item: choose.choice([0, 1, 1, 2]) for item in expected}
        expected = [(item, k) for item in expected for k in range(writes[item])]
        lanes: list[list[list]] = [[[], []], [[], []]]
        after = [Marks(index, lanes[index], numbered=True) for index in range(2)]
        for index in range(2):
            passing = Passing([after[index]], Merge({cut: len(marks)}, str(tmp_path)))
            batches = [sent(each, index) for each in marks]
            for head, items in [*batches, *((Head(number, ENDED, ()), []) for number in range(len(marks)))]:
                for _, some in passing.take(cut, head, items):
                    for item in some:
                        for k in range(writes[item]):
                            put(after[index], lanes[index], choose.randrange(2), (item, k))
        marks, held = after, lanes
    sinks = [Merge({0: 2}, str(tmp_path)) for _ in range(2)]
    got = []
    for lane, sink in enumerate(sinks):
        for each in marks:
            sink.put(0, *sent(each, lane))
            sink.put(0, Head(each.producer, ENDED, ()), [])
        got.append(drained(sink))
    assert all(got) and sorted([*got[0], *got[1]]) == sorted(expected)
    place = {item: number for number, item in enumerate(expected)}
    assert all(items == sorted(items, key=place.__getitem__) for items in got)


def test_what_is_here_of_a_run_is_put_together_whatever_its_producers_have_said(tmp_path):
    """That more of the run may come isn't before what has come: it isn't taken one by one."""
    merge = Merge({4: 2}, str(tmp_path))
    for producer in range(2):
        numbers = tuple(range(producer, 1000, 2))
        merge.put(4, Head(producer, Frontier((1,), {(): (1, 7)}), (Run((), (1, 7), 500, numbers),)), list(numbers))
    segments = [items for *_, items in merge.take()]
    assert len(segments) < 4 and [item for items in segments for item in items] == list(range(999))
    merge.put(4, Head(0, ENDED, ()), [])
    assert drained(merge) == [999]
