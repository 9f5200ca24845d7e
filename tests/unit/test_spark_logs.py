"""Lines that PEs log in Spark's tasks: live where the task reaches the program, else with reports and failures; each
once and in order, and none from a stranger."""

from __future__ import annotations

import pickle
import socket
import time

import pytest

pytest.importorskip("pyspark")
from d4p.engines.spark import logs
from d4p.engines.spark.logs import Lines, Log
from d4p.errors import RunFailed
from d4p.stage.figures import UNKNOWN


@pytest.fixture
def shown():
    """What the program has said, and its end of the log, on loopback."""
    said: list[str] = []
    log = Log(said.append, "127.0.0.1")
    yield said, log
    log.close()
    logs._senders.clear()


def wait_for(said: list[str], count: int) -> None:
    last = time.monotonic() + 20
    while len(said) < count and time.monotonic() < last:
        time.sleep(0.005)


def test_lines_come_as_they_are_written_and_those_of_a_task_that_is_run_again_once(shown, capsys):
    said, log = shown
    first = Lines((1, 0), log.address)
    first.log("one")
    wait_for(said, 1)
    assert said == ["one"]  # before the task is done
    again = Lines((1, 0), log.address)
    for line in ("one", "two\nof two lines", "thrée"):
        again.log(line)
    other = Lines((1, 1), log.address)
    other.log("of another instance")
    log.close({(1, 0): again.report(), (1, 1): other.report()})
    assert said == ["one", "two\nof two lines", "thrée", "of another instance"]
    assert capsys.readouterr().out == ""
    log.close()  # twice is as good as once


def test_without_a_way_to_the_program_they_come_with_the_report(capsys):
    said: list[str] = []
    log = Log(said.append)
    lines = Lines((2, 3), log.address)
    lines.log("one")
    lines.log("two")
    assert capsys.readouterr().out == "one\ntwo\n"  # the executor's own log
    report = lines.report()
    log.reported({(2, 3): report})
    log.reported({(2, 3): report, (2, 4): {"logged": 0}})
    assert said == ["one", "two"]
    many = Lines((2, 5), None)
    for number in range(100):
        many.log(f"{number:02} {'x' * 1000}")
    log.close({(2, 3): report, (2, 5): many.report()})
    assert said[2].startswith("00 ") and said[-1] == f"note: 35 more {logs.LEFT}"
    assert len(said) == 2 + 65 + 1


def test_an_address_where_nobody_listens_is_tried_once(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ("127.0.0.1", taken.getsockname()[1], "word")
    lines = Lines((1, 0), address)
    lines.log("one")
    lines.log("two")
    assert logs._senders.pop(address) is None and lines.report()["lines"] == [(1, "one"), (2, "two")]


def test_a_failure_brings_its_lines():
    lines = Lines((1, 2), None)
    lines.log("before it")
    error = pickle.loads(pickle.dumps(lines.with_failure(RunFailed("failed"))))
    said: list[str] = []
    Log(said.append).failed(error)
    assert said == ["before it"] and str(error) == "failed"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n", b"x" * 100, b'wrong\n[1, 0, 1, "mine"]\n'])
def test_a_stranger_is_not_heard(shown, sent):
    said, log = shown
    with socket.create_connection(log.address[:2], timeout=20) as stranger:
        stranger.sendall(sent)
        try:
            assert stranger.recv(1) == b""
        except ConnectionResetError:
            pass
    Lines((1, 0), log.address).log("ours")
    wait_for(said, 1)
    assert said == ["ours"]


def test_figures_come_beside_the_report_and_those_of_a_task_that_is_run_again_in_their_place(shown):
    said, log = shown
    for seconds in (1.0, 2.0):
        Lines((1, 0), log.address).figures({"seconds": {"working": seconds}})
    Lines((1, 0), log.address).log("behind them")
    wait_for(said, 1)
    log.close({(1, 0): {"logged": 1, "figures": UNKNOWN}})
    assert log.figures == {(1, 0): {"seconds": {"working": 2.0}}}
