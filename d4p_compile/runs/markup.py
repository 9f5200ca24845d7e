"""Pieces of HTML that pages are made of. What comes from a record is text until it is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

#: What in a remedy is a command to paste: from `d4p` on, at its begin or behind a colon.
_COMMAND = re.compile(r"(?:^|: )((?:d4p|export|pip|mpiexec|spark-submit) [^\n]+)$")


class Html(str):
    """A text that is HTML already."""


def e(said: Any) -> Html:
    """Anything as HTML."""
    return said if isinstance(said, Html) else Html(escape(str(said)))


class Cell:
    """A cell of a table: what it shows, by what it is sorted, its class, and more attributes."""

    def __init__(self, said: Any, by: Any = None, kind: str = "", **more: Any) -> None:
        self.said, self.by, self.kind, self.more = said, by, kind, more

    def html(self) -> str:
        given = {"class": self.kind or None, "data-v": self.by, **self.more}
        attributes = "".join(f' {name.replace("_", "-")}="{escape(str(value))}"' for name, value in given.items()
                             if value is not None)
        return f"<td{attributes}>{e(self.said)}</td>"


def text(said: Any) -> Cell:
    """A cell of words, which start on the left."""
    return Cell(said, None, "text" if len(str(said)) < 60 else "text long")


def number(value: float | None, said: str | None = None) -> Cell:
    """A cell of a number, which may be said in another way than it is sorted by; empty where it isn't known."""
    return Cell("", -1) if value is None else Cell(f"{value:,}" if said is None else said, value)


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str = "sortable",
          attributes: Iterable[str] = ()) -> str:
    """A table; heads that begin with `<` stand on the left. Of each row there may be HTML of more attributes."""
    head = "".join(f'<th scope="col"{" class=text" if each.startswith("<") else ""}>{e(each.lstrip("<"))}</th>'
                   for each in heads)
    given = iter(attributes)
    body = "".join(f"<tr{next(given, '')}>{''.join(cell.html() for cell in row)}</tr>" for row in rows)
    return (f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def folded(title: str, inside: str, is_open: bool = False) -> str:
    """Something that is shown when its title is clicked."""
    return f"<details{' open' if is_open else ''}><summary>{e(title)}</summary>{inside}</details>"


def remedy(said: str) -> str:
    """What would help: words, and a command beside a button that copies it."""
    found = _COMMAND.search(said)
    if not found:
        return f"<li>{e(said)}</li>"
    words = said[: found.start()].rstrip(": ")
    return (f'<li>{e(words)}{":" if words else ""}<div class="command"><code>{e(found[1])}</code>'
            '<button type="button" data-copy>copy</button></div></li>')
