"""A run's page beside the run itself (`d4p run --ui`)."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from d4p.record import record as its

from .pages import Pages
from .server import Server

#: Seconds that a page has to be fetched, where the run was over before it was; and to get the last figures.
_FETCH, _LAST = 10.0, 5.0
#: Seconds that whoever asks for the run's page waits for the run to have a record.
_BEGIN = 60.0


class Beside:
    """Serves the page of one run, from before it begins until it has ended and the page has its last figures.

    Attributes:
        address: of the run's page.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._known, self._fetched = threading.Event(), threading.Event()
        self._server = Server(Pages(lambda: self._server.closing, self._this, lambda run: self._fetched.set()))
        self.address = f"{self._server.address}this"

    def _this(self) -> str | None:
        """The run's id, once it has a record that can be read."""
        last = time.monotonic() + _BEGIN
        self._known.wait(_BEGIN)
        while self._folder is not None and not (self._folder / its.RUN).exists():
            if time.monotonic() > last or self._server.closing.wait(0.05):
                return None
        return self._folder.name if self._folder else None

    def watch(self, event: dict[str, Any]) -> None:
        """Take an event of the run."""
        if event["event"] == "record" and event.get("folder"):
            if "://" not in event["folder"]:  # a record elsewhere is looked at when it has been fetched
                self._folder = Path(event["folder"])
            self._known.set()

    def end(self, is_opened: bool) -> None:
        """The run is over. A page that is open gets its last figures, and keeps them; one that was opened may be on its
        way yet."""
        self._known.set()
        if is_opened and self._folder and (self._folder / its.RUN).exists():
            self._fetched.wait(_FETCH)
        self._server.close(_LAST)
