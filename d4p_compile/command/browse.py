"""Show a page in the user's browser, where there is one to be seen."""

from __future__ import annotations

import os
import sys
import webbrowser


def has_browser() -> bool:
    """Whether a page that is opened would be seen: not where there is no screen, and never in this terminal's place.
    $BROWSER says so in any case."""
    if os.environ.get("BROWSER"):
        return True
    if sys.platform.startswith(("linux", "freebsd")):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return not os.environ.get("SSH_CONNECTION")


def browse(address: str) -> bool:
    """Open an address; gives whether a browser took it."""
    try:
        return has_browser() and webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
