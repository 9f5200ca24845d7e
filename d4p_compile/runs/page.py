"""A run as one page of HTML: no request leaves it, so that it opens from a file, anywhere and offline.

Words, tables and the graph are in it as they are, for whoever runs no scripts, searches or prints; what the scripts
draw lies in it packed.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from .assets import BEGIN, RUN, head, tail
from .drawn import drawn
from .folder import Run
from .markup import e
from .sections import sections
from .shares import Shares

#: Patterns of kinds, shared by all pictures of the page.
PATTERNS = ('<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
            '<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">'
            '<rect width="4" height="4" style="fill:var(--queued)"/><circle cx="1" cy="1" r=".8" fill="#333"/>'
            "</pattern>"
            '<pattern id="lines" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            '<rect width="5" height="5" style="fill:var(--blocked)"/><rect width="1.5" height="5" fill="#0008"/>'
            "</pattern></defs></svg>")  # fmt: skip
_LINKS = {"verdict": "Verdict", "graph": "Graph", "timeline": "Timeline", "charts": "Over time", "stages": "Stages",
          "pes": "PEs", "edges": "Edges", "slowest": "Slowest items", "spark": "Spark", "plan": "Plan",
          "environment": "Environment"}  # fmt: skip


def page(run: Run) -> str:
    """The page."""
    return whole(run, (*RUN, *BEGIN))


def whole(run: Run, scripts: tuple[str, ...], connects: bool = False, links: str = "", attributes: str = "") -> str:
    """The page with some of the scripts, `links` before its own, and `attributes` of its body: HTML."""
    shares = Shares(run)
    made = sections(run, shares)
    title = e(f"{run.about.get('name')} for {run.about.get('target')}")
    its = "".join(f'<a href="#{name}"{"" if made[name] else " hidden"}>{said}</a>' for name, said in _LINKS.items())
    nav = (f'<nav>{links}<b>{e(run.about.get("name"))}</b>{its}<span class="space"></span>'
           '<button type="button" id="theme" title="light or dark">light / dark</button></nav>')
    body = "".join(f'<section id="{name}">{found}</section>' for name, found in made.items())
    packed = base64.b64encode(gzip.compress(json.dumps(drawn(run, shares), separators=(",", ":")).encode(), 9, mtime=0))
    return (f'<!doctype html><html lang="en"><head>{head(title, scripts, connects)}</head><body{attributes}>{PATTERNS}'
            f"{nav}<main>{body}"
            '<p class="soft" id="unpacked" hidden>This browser is too old to unpack what is drawn here.</p></main>'
            f'<script type="text/plain" id="figures">{packed.decode()}</script>{tail(scripts)}</body></html>\n')


def changes(run: Run) -> dict[str, Any]:
    """What a page that is live is told: the HTML of its sections, and what its scripts draw."""
    shares = Shares(run)
    return {"sections": sections(run, shares), "figures": drawn(run, shares), "state": run.state}
