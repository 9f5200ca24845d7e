"""A page that is handed to the browser over loopback, once: browsers that come as a snap (those of Ubuntu) read no file
below a hidden folder of the home, where records lie."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from .server import Answer, Server

#: Seconds that the browser has.
_FETCH = 20.0


def is_out_of_reach(path: Path) -> bool:
    """Whether a browser of this machine's may not be able to read a file."""
    hidden = any(part.startswith(".") for part in path.parts) or path.is_relative_to("/tmp")
    return hidden and shutil.which("snap") is not None


def handed(path: Path, browse: Callable[[str], bool]) -> bool:
    """Have a browser fetch the page; gives whether it did."""
    fetched = threading.Event()

    def answer(asked: list[str], query: dict[str, str]) -> Answer:
        fetched.set()
        return Answer(path.read_text(encoding="utf-8"))

    server = Server(answer)
    try:
        return browse(server.address) and fetched.wait(_FETCH)
    finally:
        server.close(5.0)
