"""What is seen of an application of YARN while one waits for its end: by spark-submit, and by YARN."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from d4p.hadoop.submit.client import Watch
from d4p.hadoop.submit.stages import active_stages
from d4p.hadoop.submit.yarn import Application, Yarn

_ID = re.compile(r"application_\d+_\d+")
#: Of what spark-submit says, the lines that are kept.
_KEPT = 200
#: Seconds after which it is said why an application isn't started.
_SLOW = 30.0
#: Seconds after which it is said that a program that runs has no executor.
_IDLE = 15.0


class Said:
    """What spark-submit says while it runs: the application's id, and its last lines."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.id: str | None = None
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.reader = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self.reader.start()

    def _read(self, stream: Any) -> None:
        for raw in stream:
            line = raw.decode(errors="replace")
            self.lines.append(line.rstrip("\n"))
            if self.id is None and (found := _ID.search(line)):
                self.id = found[0]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Shown:
    """An application as YARN tells of it: what is new is said, once."""

    def __init__(self, yarn: Yarn, say: Callable[[str], None], watch: Watch | None) -> None:
        self.yarn, self.say, self.watch = yarn, say, watch
        self.address = self.state = ""
        self.told = self.slow = self.idle = self.granted = False
        self.since = time.monotonic()

    def look(self, name: str) -> Application:
        """Ask for its state. Raises Unreachable."""
        if not self.told:
            self.say(f"application: {name}")
            self.told = True
        app = self.yarn.application(name)
        if app.address and not self.address:
            self.address = app.address
            self.say(f"address: {app.address}")
        if app.state != self.state:
            self.state, self.since = app.state, time.monotonic()
            self.say(f"state: {app.state.lower()}")
        if app.state == "ACCEPTED" and not self.slow and time.monotonic() - self.since > _SLOW:
            self.slow = True
            said_by_yarn = " ".join(app.diagnostics.split()) or "YARN doesn't say why"
            self.say(f"not started for {_SLOW:.0f} seconds: {said_by_yarn}")
        if app.state == "RUNNING" and not self.granted:
            self._executors(app)
        if self.watch and app.state == "RUNNING":
            for event in active_stages(app):
                self.watch(event)
        return app

    def _executors(self, app: Application) -> None:
        """A program that runs does nothing until YARN gives it containers for executors: say so where that takes long,
        and when it is over."""
        self.granted = app.containers > 1
        if self.granted and self.idle:
            self.say(f"executors: {app.containers - 1} so far")
        elif app.containers == 1 and not self.idle and time.monotonic() - self.since > _IDLE:
            self.idle = True
            room = self.yarn.room()
            self.say(f"waiting for executors: after {_IDLE:.0f} seconds YARN has given none to the queue "
                     f"{app.queue or 'of this run'}{f'; {room}' if room else ''}. Wait, ask for less "
                     "(--executor-memory, --executor-cores), or name another --queue")
