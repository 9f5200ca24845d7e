"""How far a program on a node is: the stages that its Spark works on, as its web pages' own data say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from d4p.hadoop.submit.yarn import Application, Unreachable, ask


def active_stages(app: Application) -> Iterator[dict[str, Any]]:
    """An event for each stage at work; none where the pages can't be had."""
    try:
        stages = json.loads(ask(f"{app.address.rstrip('/')}/api/v1/applications/{app.id}/stages?status=active"))
    except (Unreachable, ValueError):
        return
    for stage in stages if isinstance(stages, list) else ():
        number, _, pes = str(stage.get("name", "")).removeprefix("stage ").partition(": ")
        if pes:
            yield {"event": "stage", "number": number, "name": pes, "done": stage.get("numCompleteTasks", 0),
                   "total": stage.get("numTasks", 0)}  # fmt: skip
