"""What a rule finds, and the words that rules share."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from typing import Any

from d4p.program.options import words
from d4p.record.masked import LONGEST, MASK

from ..folder import Run
from ..shares import Shares, Stage

#: Seconds for which items must have moved: of a shorter run no figure holds another time.
SHORT = 1.0
#: Of the run: a stage that takes less of it isn't what the run waits for.
MUCH = 0.6
#: Times as long as any other stage: of two that take about as long none is the one.
APART = 1.4
#: The same where stages run one after the other, and so of many none takes so much.
MUCH_OF_MANY, APART_OF_MANY = 0.5, 2.0
#: Options of a run that are those of the next one.
_AGAIN = ("file", "on_error", "output", "overwrite")


@dataclass(frozen=True)
class Verdict:
    """What limited a run.

    Attributes:
        rule: the name of the rule.
        sentence: what a user is told.
        stage: the number of the stage at fault, if it is one.
        remedies: what would help, each a sentence or a command to paste.
        pe: the PE at fault, where one of the stage's stands out.
    """

    rule: str
    sentence: str
    stage: int | None = None
    remedies: tuple[str, ...] = ()
    pe: str | None = None


def takes_most(stage: Stage, shares: Shares) -> bool:
    """Whether a stage takes most of the run, and far more of it than any other."""
    least = stage.least(shares.width)
    others = max((each.least(shares.width) for each in shares.stages if each is not stage), default=0.0)
    much, apart = (MUCH_OF_MANY, APART_OF_MANY) if shares.staged else (MUCH, APART)
    return least >= much * shares.working and least >= apart * others


def outstanding(stage: Stage) -> str | None:
    """The PE of a stage that takes most of its work, and far more than any other; None where there is none."""
    if len(stage.pes) == 1:
        return stage.pes[0]
    first, *rest = sorted(stage.inside.items(), key=lambda each: -each[1]) or [("", 0.0)]
    return first[0] if first[1] >= MUCH and first[1] >= APART * max((share for _, share in rest), default=0.0) else None


def command(run: Run, more: str) -> str:
    """The run again, with something else; from the folder in which it was started."""
    about = run.about
    module, colon, attribute = str(about.get("workflow") or about.get("name") or "WORKFLOW").partition(":")
    place = os.path.join(about.get("source") or "", f"{module.replace('.', os.sep)}.py")
    if (folder := about.get("folder")) and os.path.isabs(place) and place.startswith(f"{folder}{os.sep}"):
        place = os.path.relpath(place, folder)
    given = [f"-p {shlex.quote(f'{name}={said}')}" for name, value in (about.get("parameters") or {}).items()
             if _whole(said := _literal(value))]
    given += [shlex.quote(word) for word in words(_options(about)) if _whole(word)]
    target = [f"--target {about['target']}"] if about.get("target") and "--target" not in more else []
    return " ".join([f"d4p run {shlex.quote(f'{place}{colon}{attribute}')}", *given, *target, more])


def _options(about: dict[str, Any]) -> dict[str, Any]:
    """What was read and written, and what became of failures: options by name, as far as they can be told."""
    given, inputs = ((about.get(name) if isinstance(about.get(name), dict) else None) or {}
                     for name in ("options", "inputs"))
    found = {name: given[name] for name in _AGAIN if given.get(name)}
    if "file" not in found and any(items != 1 for items in inputs.values()):
        several = {json.dumps(items) for items in inputs.values()}
        alike = len(several) == 1 and isinstance(next(iter(inputs.values())), int)
        found |= {"iterations": next(iter(inputs.values()))} if alike else {"data": json.dumps(inputs)}
    return {**found, "limit": about.get("limit")}


def _whole(word: str) -> bool:
    """Whether the record has all of it, and not what stands for a secret or for much."""
    return MASK not in word and "... and " not in word and len(word) < LONGEST


def _literal(value: Any) -> str:
    """A parameter as `-p` takes it.

    >>> print(_literal("it's"), _literal([True, None, "a"]))
    "it's" [True, None, 'a']
    """
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def said(seconds: float) -> str:
    return f"{seconds:.1f} s"
