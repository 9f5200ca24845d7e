"""What a PE with a policy writes for an item, until it is done with that."""

import pytest

from d4p.stage.writes import Writes

#: More of these than are held in memory for one item.
KIB = bytes(1 << 10)


def writes_to(*ports):
    """Writes of a PE with such ports, what it calls to write to each, and all that went on."""
    writes, found = Writes(), []
    held = writes.hold({port: lambda item, port=port: found.append((port, item)) for port in ports})
    return writes, held, found


def written_by(writes, held, port):
    """The `write` of a PE with one port, for which all else is an error."""

    def no_other(name, item):
        raise AssertionError(name)

    return writes.writer(held[port])(port, no_other, lambda error: error, (BaseException,))


@pytest.mark.parametrize("ports", [("out",), ("even", "odd")])
@pytest.mark.parametrize("count", [0, 1, 2, 5_000])
def test_all_goes_on_in_the_order_written_however_much_it_is(ports, count):
    writes, held, found = writes_to(*ports)
    writes.leave_to_loop()
    for _ in range(2):  # and the next item finds nothing of the last one
        wanted = [(ports[number % len(ports)], (number, KIB)) for number in range(count)]
        for port, item in wanted:
            held[port](item)
            assert len(writes) < 1_100
        assert not found and bool(writes) == bool(count)
        writes.go_on()
        assert found == wanted and not writes
        found.clear()


@pytest.mark.parametrize("count", [1, 5_000])
def test_what_is_dropped_is_counted_and_gone(count):
    writes, held, found = writes_to("out")
    writes.leave_to_loop()
    write = written_by(writes, held, "out")
    for number in range(count):
        write("out", (number, KIB))
    assert writes.drop() == count and not writes and not found
    write("out", "next")
    assert [writes.popleft() for _ in range(len(writes))] == ["next"] and writes.drop() == 0


def test_a_loop_takes_with_the_methods_of_a_deque_what_lies_on_disk_too():
    writes, held, found = writes_to("out")
    writes.leave_to_loop()
    write = written_by(writes, held, "out")
    for _ in range(2):
        for number in range(3_000):
            write("".join(["o", "ut"]), (number, KIB))  # a name that is equal and not the same object
        taken = []
        while writes:
            taken.append(writes.popleft())
        assert [number for number, _ in taken] == list(range(3_000)) and not found
        assert type(writes) is Writes  # and is as quick as before


def test_what_is_written_for_no_item_waits_for_none():
    writes, held, found = writes_to("out")
    writes.leave_to_loop()
    write = written_by(writes, held, "out")
    write("out", 0)
    writes.at_once(True)
    assert found == [("out", 0)]
    found.clear()
    write("out", 1)
    held["out"](2)
    assert found == [("out", 1), ("out", 2)] and not writes
    writes.at_once(False)
    write("out", 3)
    assert len(found) == 2 and list(writes) == [3]


def test_what_comes_while_the_pe_is_not_at_work_waits_for_nothing():
    writes, held, found = writes_to("even", "odd")
    held["odd"](1)
    writes.waits = True
    held["even"](2)
    assert found == [("odd", 1)] and len(writes) == 1
