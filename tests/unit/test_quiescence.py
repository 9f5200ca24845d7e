"""The coordinator of runs with cycles, over networks that deliver in any order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d4p.engines.quiescence import ASK, END, POSTPROCESS, Coordinator, StatusReport


class Network:
    """Instances in a full graph: an item (hops) makes those it comes to send others. `draw` says what happens next."""

    def __init__(self, count: int, draw) -> None:
        self.count, self.draw = count, draw
        self.data: list[tuple[int, int]] = []  # (to, hops): in any order
        self.commands = [deque() for _ in range(count)]
        self.tells: list[deque[StatusReport]] = [deque() for _ in range(count)]
        self.sent, self.received, self.number = [0] * count, [0] * count, [0] * count
        self.last: list[StatusReport | None] = [None] * count
        self.log: list[tuple[int, str, str]] = []
        self.ended = [False] * count
        self.coordinator = Coordinator({i: ["p"] if i % 2 else ["p", "q"] for i in range(count)}, ["p", "q"])

    def send(self, i: int, hops: int) -> None:
        for _ in range(self.draw(st.integers(0, 2)) if hops else 0):
            self.data.append((self.draw(st.integers(0, self.count - 1)), hops - 1))
            self.sent[i] += 1

    def tell(self, i: int) -> None:
        report = StatusReport(self.number[i], self.sent[i], self.received[i])
        if report != self.last[i]:
            self.last[i] = report
            self.tells[i].append(report)

    def steps(self):
        """What can happen now."""
        yield from (("data", k) for k in range(len(self.data)))
        yield from (("command", i) for i in range(self.count) if self.commands[i])
        yield from (("report", i) for i in range(self.count) if self.tells[i])

    def step(self, what: str, k: int) -> None:
        if what == "data":
            to, hops = self.data.pop(k)
            assert not self.ended[to], "an item after the end"
            self.received[to] += 1
            self.send(to, hops)
            self.tell(to)
        elif what == "report":
            for i, command in self.coordinator.take(k, self.tells[k].popleft()):
                assert command.what == ASK or not self.data, "something is on its way"
                assert not self.commands[i], "one command at a time"
                self.commands[i].append(command)
        else:
            command = self.commands[k].popleft()
            self.number[k] = command.number
            self.log.append((k, command.what, command.pe))
            if command.what == END:
                self.ended[k] = True
                return
            if command.what == POSTPROCESS:
                self.send(k, 3)
            self.tell(k)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_run_ends_never_with_an_item_on_its_way_and_each_postprocess_has_run_once_in_order(data):
    count = data.draw(st.integers(1, 4))
    network = Network(count, data.draw)
    for i in data.draw(st.permutations(range(count))):
        network.send(i, 4)
        network.tell(i)
    for _ in range(5000):
        steps = list(network.steps())
        if not steps:
            break
        network.step(*steps[data.draw(st.integers(0, len(steps) - 1))])
    assert all(network.ended) and network.coordinator.ended and not network.data
    done = [(i, pe) for i, what, pe in network.log if what == POSTPROCESS]
    assert done == [(i, "p") for i in range(count)] + [(i, "q") for i in range(0, count, 2)]


def test_nothing_is_said_before_all_have_reported():
    coordinator = Coordinator({"a": [], "b": []}, [])
    assert coordinator.take("a", StatusReport(0, 0, 0)) == []
    asked = coordinator.take("b", StatusReport(0, 0, 0))
    assert [(who, command.what) for who, command in asked] == [("a", ASK), ("b", ASK)]


@pytest.mark.parametrize("changed", [StatusReport(1, 1, 1), StatusReport(1, 3, 3)])
def test_equal_sums_of_another_time_are_not_rest(changed):
    coordinator = Coordinator({"a": [], "b": []}, [])
    coordinator.take("a", StatusReport(0, 1, 0))
    coordinator.take("b", StatusReport(0, 0, 1))
    assert coordinator.take("a", StatusReport(1, 1, 0)) == []
    again = coordinator.take("b", changed)  # it has sent as much as it received since, or something is on its way
    assert not coordinator.ended and all(command.what == ASK for _, command in again)


def test_a_postprocess_that_writes_nothing_costs_one_message():
    coordinator = Coordinator({"a": ["p"], "b": ["p"]}, ["p"])
    coordinator.take("a", StatusReport(0, 0, 0))
    coordinator.take("b", StatusReport(0, 0, 0))
    coordinator.take("a", StatusReport(1, 0, 0))
    ((who, command),) = coordinator.take("b", StatusReport(1, 0, 0))
    assert (who, command.what, command.pe) == ("a", POSTPROCESS, "p")
    ((who, command),) = coordinator.take("a", StatusReport(2, 0, 0))
    assert (who, command.what) == ("b", POSTPROCESS)
    ended = coordinator.take("b", StatusReport(3, 0, 0))
    assert [(who, command.what) for who, command in ended] == [("a", END), ("b", END)] and coordinator.ended
