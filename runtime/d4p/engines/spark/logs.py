"""What PEs log in Spark's tasks, shown by the program as on every other target, and where the time of tasks went.

A line goes over a socket as it is written, from the Python that runs the task to the program, which every executor can
reach. Where it can't (behind Spark Connect, or a firewall), it stays in the executor's own log, and the first lines of
an instance come with its report or its failure. Lines are numbered by instance, so that of a task that is run again
none is shown twice.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from d4p.errors import D4pError
from d4p.stage.figures import UNKNOWN

#: (stage, instance).
Key = tuple[int, int]
#: Where the program listens, and the word that shows that a line is from its own tasks.
Address = tuple[str, int, str]
#: Characters of an instance's lines that go with its report.
_MOST = 64 << 10
#: Seconds that a task waits for the program to take its lines.
_PATIENCE = 5.0
#: Seconds that lines on their way are waited for at the end, and that nothing may come.
_LAST, _QUIET = 2.0, 0.1
#: The number of a line that is no PE's: the instance's figures.
_FIGURES = 0
LEFT = "lines that PEs logged are in the executors' own logs"
_senders: dict[Address, socket.socket | None] = {}


class Lines:
    """The lines of one instance, where its task runs."""

    def __init__(self, key: Key, address: Address | None) -> None:
        self.key, self.address = key, address
        self.number = self._size = 0
        self._kept: list[tuple[int, str]] = []
        self._lock = threading.Lock()  # a PE may log from threads of its own

    def log(self, line: str) -> None:
        """A line that a PE logs."""
        with self._lock:
            self.number += 1
            if self.address is not None and _sent(self.address, json.dumps([*self.key, self.number, line])):
                return
            print(line, flush=True)
            self._size += len(line)
            if self._size <= _MOST:
                self._kept.append((self.number, line))

    def figures(self, figures: dict[str, Any]) -> None:
        """Where the time of the instance went. Unlike its report it is something else in each run, so it can't travel
        among batches: Spark compares what a task that is run again gives."""
        if self.address is not None:
            _sent(self.address, json.dumps([*self.key, _FIGURES, figures]))

    def report(self) -> dict[str, Any]:
        """What goes with the instance's report: how many lines there were, and those that went no other way."""
        return {"logged": self.number, "lines": self._kept}

    def with_failure(self, error: D4pError) -> D4pError:
        """An error with the lines that went no other way; `Log.failed` shows them."""
        if self._kept:
            vars(error)["lines"] = self.key, self._kept
        return error


def _sent(address: Address, text: str) -> bool:
    """Send a line, over the one connection of this process. What fails once isn't tried again."""
    if address not in _senders:
        try:
            connection = socket.create_connection(address[:2], timeout=_PATIENCE)
            connection.sendall(f"{address[2]}\n".encode())
            _senders[address] = connection
        except OSError:
            _senders[address] = None
    sender = _senders[address]
    try:
        if sender is not None:
            sender.sendall(f"{text}\n".encode())
    except OSError:
        _senders[address] = None
        return False
    return sender is not None


class Log:
    """The program's end: says each line once.

    Args:
        say: called with each line, from a thread of this one's.
        host: the name by which tasks find the program; None where they have no way to.
        bind: the address to listen at.
    """

    def __init__(self, say: Callable[[str], None], host: str | None = None, bind: str | None = None) -> None:
        self._say, self._shown, self._taken = say, dict[Key, int](), set[Key]()
        self.figures: dict[Key, dict[str, Any]] = {}  # of the instances whose tasks sent them
        self._lock, self._last = threading.Lock(), time.monotonic()
        self._selector: Any = None  # None again as soon as it is closed
        self.address: Any = None  # an Address, while lines are taken
        with contextlib.suppress(OSError):
            if host is not None:
                family = socket.AF_INET6 if ":" in (bind or host) else socket.AF_INET
                self._listen(host, socket.create_server((bind or host, 0), family=family, backlog=1024))

    def _listen(self, host: str, server: socket.socket) -> None:
        self.address = (host, server.getsockname()[1], secrets.token_hex(16))
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, selectors.EVENT_READ, self._accept)
        threading.Thread(target=self._serve, daemon=True, name="d4p-log").start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError, KeyError):  # it was closed
            while True:
                for key, _ in self._selector.select():
                    key.data(key.fileobj)

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            connection.setblocking(False)
            lines = _Arriving(self.address[2], self._line)
            self._selector.register(connection, selectors.EVENT_READ, lambda it: self._read(it, lines))

    def _read(self, connection: socket.socket, lines: _Arriving) -> None:
        try:
            arrived = connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            arrived = b""
        if not arrived or not lines.take(arrived):
            self._selector.unregister(connection)
            connection.close()

    def _line(self, text: bytes) -> None:
        stage, index, number, line = json.loads(text)
        if number == _FIGURES:
            self.figures[stage, index] = line
        else:
            self._show((stage, index), [(number, line)])

    def _show(self, key: Key, lines: Iterable[tuple[int, str]]) -> None:
        with self._lock:
            self._last = time.monotonic()
            for number, line in lines:
                if number > self._shown.get(key, 0):
                    self._shown[key] = number
                    self._say(line)

    def reported(self, reports: Mapping[Key, dict[str, Any]]) -> None:
        """Show what came with the reports of instances."""
        for key in reports.keys() - self._taken:
            self._taken.add(key)
            self._show(key, reports[key].pop("lines", ()))

    def failed(self, error: BaseException) -> None:
        """Show what came with the failure of an instance."""
        if found := getattr(error, "lines", None):
            self._show(*found)

    def close(self, reports: Mapping[Key, dict[str, Any]] | None = None) -> None:
        """Wait for what is on its way, and listen no more; of lines that came neither way say how many there are.

        Where the run failed there are no reports."""
        if reports is not None:
            self.reported(reports)
        wanted = {key: report.get("logged", 0) for key, report in (reports or {}).items()}
        apart = {key for key, report in (reports or {}).items() if report.get("figures") is UNKNOWN}
        last = time.monotonic() + _LAST
        while self.address and time.monotonic() < last:
            missing = any(self._shown.get(key, 0) < number for key, number in wanted.items()) \
                or not apart <= self.figures.keys()
            if not missing and time.monotonic() - self._last > (_QUIET if reports is None else 0):
                break
            time.sleep(0.01)
        self.address, selector, self._selector = None, self._selector, None
        if selector is not None:
            for key in list(selector.get_map().values()):
                key.fileobj.close()
            selector.close()
        lost = sum(max(number - self._shown.get(key, 0), 0) for key, number in wanted.items())
        if lost:
            self._say(f"note: {lost:,} more {LEFT}")


class _Arriving:
    """The lines of one connection, the first of which must be the word."""

    def __init__(self, word: str, line: Callable[[bytes], None]) -> None:
        self._word, self._line, self._left, self._known = word.encode(), line, b"", False

    def take(self, arrived: bytes) -> bool:
        """What has come; gives whether more is wanted from there."""
        *lines, self._left = (self._left + arrived).split(b"\n")
        for text in lines:
            if self._known:
                self._line(text)
            elif not hmac.compare_digest(text, self._word):
                return False
            self._known = True
        return self._known or len(self._left) <= len(self._word)
