"""Whose fault it was: the PE, its instance, its item, and its own traceback without ours."""

from __future__ import annotations

import os
import re
import traceback
from typing import Any

from d4p.errors import RunFailed
from d4p.inline import failed, place_of
from d4p.items import Uncopyable, pack
from d4p.ours import OURS

_PES = ("d4p.aggregate", "d4p.testing")


class PeFailed(RunFailed):
    """A PE raised. The message is complete: PE, instance, item number, the item, and the PE's own traceback."""

    def __init__(self, message: str, pe: str = "", instance: int = 0, item: int = 0) -> None:
        super().__init__(message)
        self.pe, self.instance, self.item = pe, instance, item

    def __reduce__(self):
        return (PeFailed, (str(self), self.pe, self.instance, self.item))


def pack_for(edge: str, items: list) -> bytes:
    """A batch as bytes. Raises PeFailed naming the edge and the part of the item that can't be pickled."""
    try:
        return pack(items)
    except Uncopyable as error:
        raise PeFailed(f"{edge}: {error}") from None


def blame(stage: Any, error: BaseException) -> RunFailed:
    """The error to raise for an exception that came out of a stage."""
    if isinstance(error, PeFailed):
        return error
    walked = list(traceback.walk_tb(error.__traceback__))
    frames = [frame for frame, _ in walked]
    name, pe, at = _culprit(stage, frames)
    inlined = _inlined(stage, walked, after=-1 if pe is None else at)
    if inlined is not None:
        name, pe, at = inlined
    if pe is None:
        return error if isinstance(error, RunFailed) else RunFailed(f"stage {stage.number}: {said(error)}")
    number = stage.counts().get(name, 0)
    phase = "process" if inlined else _phase(frames[at:])
    size = _batch(frames[:at])
    where = f"items {number - size + 1:,} to {number:,}" if size > 1 else f"item {number}"
    where = where if phase == "process" else phase
    parts = [f"{name} ({type(pe).__name__}), instance {stage.index}, {where}: {said(error)}"]
    item = _item(frames[:at])
    if phase == "process" and item is not _NONE:
        parts.append(f"  the item: {short(item)}")
    own = _own_traceback(error, walked[at:], place_of(pe) if inlined else None)
    if own:
        parts.append(own)
    return PeFailed("\n".join(parts), name, stage.index, number)


_NONE = object()


def _culprit(stage: Any, frames: list) -> tuple[str, Any, int]:
    """The innermost PE of this stage that was at work, with the first of its frames."""
    for at in range(len(frames) - 1, -1, -1):
        code = frames[at].f_code
        if code.co_argcount and not _ours(frames[at]):
            first = frames[at].f_locals.get(code.co_varnames[0])
            for name, pe in zip(stage.names, stage.pes, strict=True):
                if first is pe:
                    start = at
                    while start > 0 and frames[start - 1].f_locals.get("self", _NONE) is pe:
                        start -= 1
                    return name, pe, start
    return "", None, len(frames)


def _inlined(stage: Any, walked: list, after: int) -> tuple[str, Any, int] | None:
    """The PE whose expression failed that is written out in a generated loop, with the frame behind that loop's."""
    for at in range(len(walked) - 1, after, -1):
        frame, line = walked[at]
        name = failed(stage.inlined.get(frame.f_code, []), frame.f_code, line)
        if name is not None:
            return name, stage.pes[stage.names.index(name)], at + 1
    return None


def _item(frames: list) -> Any:
    """What the generated code was handing to the PE."""
    for frame in reversed(frames):
        if frame.f_code.co_name.startswith("into_") and "item" in frame.f_locals:
            return frame.f_locals["item"]
    return _NONE


def _batch(frames: list) -> int:
    """How many items the generated code was handing to the PE as a batch; 1 where it handed over an item."""
    for frame in reversed(frames):
        if frame.f_code.co_name.startswith("into_"):
            return len(frame.f_locals["batch"]) if "batch" in frame.f_locals else 1
    return 1


def _ours(frame: Any) -> bool:
    """Whether a frame is of the engine; library PEs are PEs like the user's."""
    name = frame.f_globals.get("__name__", "")
    return name.split(".")[0] == "d4p" and name not in _PES and not name.startswith("d4p.library.")


def _phase(frames: list) -> str:
    names = [frame.f_code.co_name for frame in frames[:3]]
    for phase in ("preprocess", "postprocess"):
        if phase in names or f"_{phase}" in names:
            return phase
    return "process"


def said(error: BaseException) -> str:
    """The type of an error and what it says."""
    text = str(error)
    if isinstance(error, RunFailed) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def traceback_without(error: BaseException, *more: str) -> str:
    """The traceback of an error without frames of this package, and of modules whose path has one of `more` in it."""
    kept = [summary for summary in traceback.extract_tb(error.__traceback__)
            if not summary.filename.startswith(OURS) and not any(part in summary.filename for part in more)]
    return "".join(traceback.format_list(kept)).rstrip()


def short(item: Any, limit: int = 200) -> str:
    """The repr of an item, cut; never fails."""
    try:
        text = repr(item)
    except Exception as error:
        text = f"<{type(item).__name__} whose repr fails: {said(error)}>"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _own_traceback(error: BaseException, walked: list, first: traceback.FrameSummary | None) -> str:
    """The traceback of the PE's own code, without what is ours; `first` is a line of it that has no frame."""
    if isinstance(error, RunFailed):
        return ""
    kept = [first] if first else []
    kept += [summary for summary in traceback.StackSummary.extract(iter(walked))
             if not summary.filename.startswith(OURS) and not summary.name.startswith("into_")]
    return "".join(["Traceback (the PE's own):\n", *traceback.format_list(kept), said(error)]) if kept else ""


def at_source(message: str, bundle: str) -> str:
    """A message whose files are the user's own (D4P_SOURCE is their folder) and not their copies in a bundle."""
    source = os.environ.get("D4P_SOURCE")
    if not source:
        return message
    message = message.replace(f'"{bundle}/', f'"{source}/')
    return re.sub(r'"[^"\n]*/workflow(-[0-9a-f]{12})?\.zip(\.unpacked)?/', lambda _: f'"{source}/', message)
