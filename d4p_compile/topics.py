"""The texts of `d4p help`: a Markdown file each in `help`, which the README names, too."""

from __future__ import annotations

import difflib
from pathlib import Path

from d4p.errors import Refused

_FOLDER = Path(__file__).parent / "help"


def topics() -> dict[str, str]:
    """`{topic: title}`, by name."""
    return {path.stem: _text(path).partition("\n")[0].removeprefix("# ") for path in sorted(_FOLDER.glob("*.md"))}


def topic(name: str) -> str:
    """The text of a topic. Raises Refused, with those there are, for a name that is none."""
    known = topics()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise Refused(f"there is no topic {name!r}: the topics are {', '.join(known)}{hint}")
    return _text(_FOLDER / f"{name}.md")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
