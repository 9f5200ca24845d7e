"""An instance's part in a run with cycles: it reports that it has nothing to do, and follows commands.

What it sends back never makes it wait. Only what goes forward does, and that way there is no cycle: some instance can
always go on.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.backlog import Backlog
from d4p.engines.channels.parcels import Parcel, pack_parcel
from d4p.engines.processes.pipes import Inbox
from d4p.engines.quiescence import ASK, END, Command, StatusReport, Tally

#: The channel of commands; those of items count from 1.
COMMANDS = 0
_WHERE = struct.Struct("<II")  # which inbox, and the channel
#: Seconds for which an instance waits for more before it reports that it has nothing to do.
_LINGER = 0.001


def command_parcel(command: Command) -> Parcel:
    """A command as it goes into an instance's inbox."""
    return pack_parcel("", [tuple(command)])


class Part:
    """What one instance counts and reports.

    Args:
        inbox: what it is fed from.
        sent: gives how many parcels it has sent.
        send: called with a StatusReport.
    """

    def __init__(self, inbox: Inbox, sent: Callable[[], int], send: Callable[[StatusReport], None]) -> None:
        self._inbox, self._sent, self._send = inbox, sent, send
        self._tally = Tally()

    def play(self, take: Callable[[], tuple[int, Any]], feed: Callable[[int, list[Any]], None],
             flush: Callable[[], None], postprocess: Callable[[str], None]) -> None:
        """Process what comes until the end is commanded.

        Args:
            take: waits for the next batch and gives (channel, items); `feed` processes one.
            flush: sends what is held back.
            postprocess: called with a PE when its time has come.
        """
        while True:
            if not self._inbox.ready():
                flush()
                if self._tally.owes or not self._inbox.ready(_LINGER):
                    self._report()
            channel, items = take()
            if channel != COMMANDS:
                self._tally.received += 1
                feed(channel, items)
                continue
            command = Command(*items[0])
            self._tally.number = command.number
            if command.what == END:
                return
            if command.what == ASK:
                flush()
                self._report()
            else:
                postprocess(command.pe)

    def _report(self) -> None:
        report = self._tally.news(self._sent())
        if report is not None:
            self._send(report)


class Back:
    """Where an instance's parcels go that lead back: into an inbox at once, or else into a backlog, from which a thread
    sends them on in order as there is room.

    Args:
        folder: where the backlog may write.
        failed: called with an exception that ends the thread.
    """

    def __init__(self, folder: Any, failed: Callable[[BaseException], None]) -> None:
        self._backlog, self._failed = Backlog(folder), failed
        self._change = threading.Condition()
        self._to: list[Inbox] = []
        self._sending = False
        self._thread: threading.Thread | None = None

    def post(self, inbox: Inbox, channel: int, parcel: Parcel) -> None:
        """Send one parcel on its way; never waits for a consumer."""
        with self._change:
            if not self._sending and inbox.offer(channel, parcel):
                return
            if inbox not in self._to:
                self._to.append(inbox)
            where = _WHERE.pack(self._to.index(inbox), channel)
            self._backlog.put(where, parcel.head, *parcel.buffers)
            self._sending = True
            self._change.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, daemon=True, name="d4p-back")
                self._thread.start()

    def _send(self) -> None:
        try:
            while True:
                with self._change:
                    while not self._backlog:
                        self._sending = False
                        self._change.wait()
                    where, head, *buffers = self._backlog.get()
                index, channel = _WHERE.unpack(where)
                self._to[index].put(channel, Parcel(head, tuple(map(memoryview, buffers))))
        except BaseException as error:
            self._failed(error)
