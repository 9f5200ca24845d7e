"""The scripts and styles of pages, which lie beside this file and go into a page as they are: nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..show.drawing import STYLE

#: Ours, in the order in which they are read; what the record of a run needs, what more a page over loopback does.
RUN = ("base", "zoom", "tables", "instances", "timeline", "charts")
BEGIN = ("begin",)
_FOLDER = Path(__file__).parent / "assets"


@cache
def text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """All of a page's style."""
    return text("uPlot.min.css") + text("page.css") + STYLE


@cache
def scripts(names: Sequence[str] = (*RUN, *BEGIN)) -> tuple[str, ...]:
    """uPlot, and ours as one function, so that they leave nothing behind in the page."""
    ours = "".join(_bare(text(f"{name}.js")) for name in names)
    licence = text("uPlot.LICENSE.txt").replace("*/", "")
    return f"/*!\n{licence}*/\n{text('uPlot.iife.min.js')}", f'"use strict";(() => {{\n{ours}}})();\n'


def _bare(script: str) -> str:
    """A script without its indents and lines of comment, by which every page would be longer."""
    lines = (line.strip() for line in script.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith(("//", "/**")))


def head(title: str, names: Sequence[str] = (*RUN, *BEGIN), connects: bool = False) -> str:
    """The head of a page, and its scripts. What isn't ours doesn't run in it, and no request leaves it, but to where it
    came from if it `connects`. The `title` is HTML."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
                      for each in scripts(tuple(names)))  # fmt: skip
    connect = "connect-src 'self'; " if connects else ""
    return ('<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            f"{connect}style-src 'unsafe-inline'; script-src {hashes}; base-uri 'none'; form-action 'none'\">"
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" '
            f'content="no-referrer"><title>{title}</title><style>{style()}</style>')


def tail(names: Sequence[str] = (*RUN, *BEGIN)) -> str:
    """What stands at the end of a page: its scripts."""
    return "".join(f"<script>{each}</script>" for each in scripts(tuple(names)))
