"""The pages of `d4p ui`, by their path."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable
from http import HTTPStatus

from ..runs.assets import BEGIN, RUN, head, tail
from ..runs.folder import LATEST, Run, find, ids
from ..runs.markup import e
from ..runs.page import PATTERNS, whole
from ..runs.picture import svg
from ..runs.report import why_none
from ..runs.sections import legend
from ..runs.seen import marked
from ..runs.shares import KINDS, Shares
from ..runs.table import differences
from ..runs.verdict import verdicts
from .events import of_run, of_runs, rows
from .server import Answer

#: Scripts of a page that is live; of the table.
LIVE, TABLE = (*RUN, "live", *BEGIN), ("base", "tables", "list", *BEGIN)
_RUNS = '<a href="{}">&larr; all runs</a>'


class Pages:
    """Answers what the server is asked.

    Args:
        closing: set when the server is about to close.
        this: gives the id of the one run that is looked at, once it is known (`d4p run --ui`); None where there is
            none.
        shown: called when the page of a run has been handed out, with its id.
    """

    def __init__(self, closing: Callable[[], threading.Event], this: Callable[[], str | None] = lambda: None,
                 shown: Callable[[str], None] = lambda run: None) -> None:
        self._closing, self._this, self._shown = closing, this, shown

    def __call__(self, path: list[str], query: dict[str, str]) -> Answer:
        match path:
            case [""]:
                return Answer(_table())
            case ["events"]:
                return Answer(events=of_runs(self._closing()))
            case ["this"]:
                run = self._this()
                return Answer(to=f"run/{run}") if run else _nothing("The run hasn't begun, or leaves no record.")
            case ["run", "latest"]:
                return Answer(to=f"run/{find(LATEST).id}")
            case ["run", name] if name in ids():
                page = _run(find(name))
                self._shown(name)
                return Answer(page)
            case ["events", name] if name in ids():
                return Answer(events=of_run(find(name), self._closing()))
            case ["diff"] if {query.get("a"), query.get("b")} <= {*ids()}:
                return Answer(_diff(find(query["a"]), find(query["b"])))
            case _:
                return _nothing("There is no such page or run.")


def _run(run: Run) -> str:
    live = f' data-events="../events/{e(run.id)}" data-state="{e(run.state)}"'
    return whole(run, LIVE, True, _RUNS.format("../"), live)


def _table() -> str:
    packed = base64.b64encode(gzip.compress(json.dumps({"rows": list(rows().values())}).encode(), 1)).decode()
    body = ('<div class="head"><h1>Runs</h1> <span class="soft" id="how-many"></span></div><div class="tools">'
            '<input id="filter" type="search" placeholder="filter: workflow, target, state, id ... ( / )" size="44" '
            'aria-label="filter"><select id="state" aria-label="state"><option value="">any state</option></select>'
            '<button type="button" id="compare" disabled>compare the two</button></div>'
            '<div class="scroll"><table id="runs" class="runs"><thead><tr><th></th>'
            + "".join(f'<th scope="col" class="text"><button type="button" data-by="{by}">{said}</button></th>'
                      for by, said in (("began", "begun"), ("state", "state"), ("name", "workflow"),
                                       ("target", "target"), ("seconds", "took"), ("width", "width"),
                                       ("parameters", "parameters"), ("id", "id")))
            + '</tr></thead><tbody></tbody></table></div><button type="button" id="more" hidden></button>')  # fmt: skip
    return _page("Runs", "<b>d4p</b>", body, TABLE, ' data-events="events"',
                 f'<script type="text/plain" id="figures">{packed}</script>')


def _diff(first: Run, second: Run) -> str:
    sides = "".join(f"<div>{_side(run)}</div>" for run in (first, second))
    body = (f'<div class="head"><h1>{e(first.id)}</h1> and <h1>{e(second.id)}</h1></div><div class="tools">'
            f'{legend(tuple(KINDS))}</div><div class="pair">{sides}</div><h2>What differs</h2>'
            f'<pre class="whole">{_coloured(first, second)}</pre>')  # fmt: skip
    return _page("Two runs", _RUNS.format("./"), body, ("base", "tables", *BEGIN))


def _side(run: Run) -> str:
    shares, found = Shares(run), verdicts(run)
    said = found[0].sentence if found else why_none(run, shares)
    drawn = svg(run, shares, marked(run, found[0].stage if found else None), "")
    return (f'<p><a href="run/{e(run.id)}"><b>{e(run.about.get("name"))}</b></a> for {e(run.about.get("target"))} '
            f'<span class="badge {e(run.state)}">{e(run.state)}</span></p>'
            f'<div class="verdict{"" if found else " none"}"><p>{e(said)}</p></div>'
            f'<div class="graph fit">{drawn}</div>')


def _coloured(first: Run, second: Run) -> str:
    """The lines of `d4p runs diff`, with those that came and went in colours."""
    shown = []
    for line in differences(first, second):
        kind = {"+": "added", "-": "removed"}.get(line[2:3]) if line.startswith("  ") else None
        shown.append(f'<span class="{kind}">{e(line)}</span>' if kind else e(line))
    return "\n".join(shown)


def _nothing(said: str) -> Answer:
    return Answer(_page("d4p", "<b>d4p</b>", f"<p>{e(said)}</p>", ("base", "tables", *BEGIN)),
                  status=HTTPStatus.NOT_FOUND)


def _page(title: str, links: str, body: str, scripts: tuple[str, ...], attributes: str = "", more: str = "") -> str:
    return (f'<!doctype html><html lang="en"><head>{head(e(title), scripts, True)}</head><body{attributes}>{PATTERNS}'
            f'<nav>{links}<span class="space"></span><span id="live" class="soft"></span>'
            '<button type="button" id="theme" title="light or dark">light / dark</button></nav>'
            f"<main>{body}</main>{more}{tail(scripts)}</body></html>\n")
