"""Errors as text for the user: what they say and where they come from, without frames of ours, never without end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from traceback import FrameSummary, StackSummary, TracebackException, extract_tb, format_list
from typing import Any

from d4p.describe.ours import OURS
from d4p.errors import ENGINES_OWN, D4pError, RunFailed

#: Of what an error says so many characters are told; of a line of a traceback; of its first and last lines.
_SAID, _LINE, _FIRST, _LAST = 2_000, 500, 100, 40
#: Folders whose frames are ours beside this package's: the compiler's, where it is at work.
_BESIDE: set[str] = set()
_NOTEBOOKS = (f"{os.sep}IPython{os.sep}", f"{os.sep}ipykernel{os.sep}")
#: The attribute of an exception of another process that has its traceback there, as `own_traceback` tells it.
TOLD = "_d4p_told"
_TITLE, _OWN = "Traceback (most recent call last):", "Traceback (the PE's own):"


def error_text(error: BaseException) -> str:
    """The type of an error and what it says; never fails."""
    try:
        text = str(error)
    except ENGINES_OWN:
        raise
    except BaseException as failed:
        return f"{type(error).__name__}: <its __str__ fails: {type(failed).__name__}>"
    if isinstance(error, RunFailed) and text:
        return text
    return f"{type(error).__name__}: {_cut(text, _SAID)}" if text else type(error).__name__


def short(item: Any, limit: int = 200) -> str:
    """The repr of an item, cut; never fails. Of a large container no more is shown than there is room for."""
    try:
        text = repr(_beginning(item, limit))
    except ENGINES_OWN:
        raise
    except BaseException as error:
        text = f"<{type(item).__name__} whose repr fails: {error_text(error)}>"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _beginning(item: Any, limit: int) -> Any:
    """Enough of an item to fill so many characters."""
    if type(item) in (str, bytes, bytearray, list, tuple):
        return item[:limit]
    if type(item) in (set, frozenset, dict) and len(item) > limit:
        return type(item)(islice(item.items() if type(item) is dict else item, limit))
    return item


def traceback_without(error: BaseException, *more: str) -> str:
    """The traceback of an error without frames of this package, and of modules whose path has one of `more` in it."""
    kept = [summary for summary in extract_tb(error.__traceback__)
            if not summary.filename.startswith(OURS) and not any(part in summary.filename for part in more)]
    return "".join(format_list(kept)).rstrip()


def also_ours(folder: str) -> None:
    """Have `told` leave out the frames of the files in a folder."""
    _BESIDE.add(os.path.join(folder, ""))


def told(error: BaseException) -> list[str]:
    """The lines of an error that is meant for the user, at the end of a notebook's cell, say: where it came from in the
    user's code, without the compiler and the notebook, and what it says."""
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith((OURS, *_BESIDE))]
    own = [frame for frame in frames if not any(part in frame.filename for part in _NOTEBOOKS)]
    title = [_TITLE] if own else []
    return [*title, *"".join(format_list(own)).splitlines(), f"{type(error).__name__}: {error}"]


def own_traceback(error: BaseException, walked: Iterable[tuple[Any, int]], program: str,
                  first: FrameSummary | None = None) -> str:
    """The traceback of a PE's own code as Python tells it, with causes, notes and the errors of a group, and without
    what is ours: the package's frames, and those of the file `program`. Empty where nothing of it is the PE's.

    Args:
        walked: the frames and lines of `error` itself, from the PE's first on.
        first: a line before them that has no frame.
    """
    kept = [*([first] if first else []), *_own(StackSummary.extract(iter(walked)), program)]
    if isinstance(error, RunFailed) or not kept:
        return getattr(error, TOLD, "")
    told = TracebackException(type(error), error, error.__traceback__, compact=True)
    _without_ours(told, program)
    told.stack = StackSummary.from_list(kept)
    lines = "".join(told.format()).replace(_TITLE, _OWN, 1).splitlines()
    if len(lines) > _FIRST + _LAST:
        lines[_FIRST:-_LAST] = [f"  ... {len(lines) - _FIRST - _LAST:,} lines that aren't shown ..."]
    return "\n".join(_cut(line, _LINE) for line in lines)


def _without_ours(error: TracebackException, program: str) -> None:
    """Take our frames out of an error and all that is told with it, and what was raised and handled by us alone."""
    left = [error]
    while left:
        told: Any = left.pop()
        own = _own(told.stack, program)
        told.stack = StackSummary.from_list(own) if own else None  # then there is no title either
        context = told.__context__
        if context is not None and context.stack and not _own(context.stack, program):
            told.__context__ = None
        left += [more for more in (told.__cause__, told.__context__) if more is not None]
        left += getattr(told, "exceptions", None) or []


def _own(stack: Iterable[FrameSummary], program: str) -> list[FrameSummary]:
    """Frames of a PE's code, as Python of any version tells them."""
    return [FrameSummary(frame.filename, frame.lineno, frame.name, line=frame.line) for frame in stack
            if not frame.filename.startswith(OURS) and frame.filename != program]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


setattr(D4pError, "_render_traceback_", told)  # noqa: B010  what IPython asks an exception for
