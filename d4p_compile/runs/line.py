"""What a list says of a run: how it ended, how long it took, what it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .folder import moment


def said(about: Mapping[str, Any], how: str) -> str:
    """State, time, target, workflow and parameters of a run that is `how`."""
    status = f"{how} ({about.get('exit_status')})" if how == "failed" else how
    return (f"{status:<12} {took(about):>12}  {about.get('target') or '?':<10} {about.get('name') or '?'}"
            + "".join(f" {name}={short(value)}" for name, value in (about.get("parameters") or {}).items()))


def took(about: Mapping[str, Any]) -> str:
    """How long it took; of one that was killed until its last sign of life."""
    seconds = about.get("seconds")
    if seconds is None:
        seconds = max(0.0, moment(about.get("ended") or about.get("alive")) - moment(about.get("began")))
    if seconds < 60:
        return f"{seconds:.1f} s"
    from ..progress.counts import spelled  # here: a list of short runs has no need of it

    return spelled(seconds)


def short(value: Any) -> str:
    """A value, and not too much of it."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."
