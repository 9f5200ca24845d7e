"""Whose fault it was: the PE, its instance, its item, and its own traceback without ours."""

from __future__ import annotations

import dis
import os
import re
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

from d4p.describe.tracebacks import error_text, own_traceback, short
from d4p.errors import RunFailed
from d4p.graph.inline import failed, place_of
from d4p.items.packing import Uncopyable, pack
from d4p.items.whypickle import said_of_unmade

_PES = ("d4p.library.aggregate", "d4p.compat.testing")


class PeFailed(RunFailed):
    """A PE raised. The message is complete: PE, instance, item number, the item, and the PE's own traceback."""

    def __init__(self, message: str, pe: str = "", instance: int = 0, item: int = 0) -> None:
        super().__init__(message)
        self.pe, self.instance, self.item = pe, instance, item

    def __reduce__(self):
        return (PeFailed, (str(self), self.pe, self.instance, self.item))


def pack_for(edge: str, items: list, again: bool = False) -> bytes:
    """A batch as bytes, as `pack` makes them. Raises PeFailed naming the edge and the part of the item that can't be
    pickled."""
    try:
        return pack(items, again)
    except Uncopyable as error:
        raise PeFailed(f"{edge}: {error}") from None


def blame(stage: Any, error: BaseException, at: tuple[str, str] | None = None) -> RunFailed:
    """The error to raise for an exception that came out of a stage; `at` are the PE and the phase that it came out of
    where the engine hadn't handed over an item."""
    if isinstance(error, PeFailed):
        return error
    walked = list(traceback.walk_tb(error.__traceback__))
    name, inlined, start = _culprit(stage, walked)
    phase = "process"
    if at and name in (None, at[0]):  # else it wrote an item there, which another PE failed at
        name, phase, inlined, start = *at, False, 0
    if name is None:
        return error if isinstance(error, RunFailed) else RunFailed(f"stage {stage.number}: {error_text(error)}")
    pe, number = stage.pes[stage.names.index(name)], stage.counts().get(name, 0)
    size, item = _handed(stage, walked[:start])
    where = f"items {number - size + 1:,} to {number:,}" if size > 1 else f"item {number}"
    where = where if phase == "process" else phase
    parts = [f"{name} ({type(pe).__name__}), instance {stage.index}, {where}: {error_text(error)}"]
    if phase == "process" and item is not _NONE:
        parts.append("; ".join(filter(None, (f"  the item: {short(item)}", said_of_unmade(item)))))
    own = own_traceback(error, walked[start:], stage.program, place_of(pe) if inlined else None)
    if own:
        parts.append(own)
    return PeFailed("\n".join(parts), name, stage.index, number)


def said_of_item(pe: Any, name: str, instance: int, number: int, item: Any, error: BaseException) -> str:
    """What is told of an item whose failure a policy takes care of, as for one that fails the run."""
    parts = [f"{name} ({type(pe).__name__}), instance {instance}, item {number}: {error_text(error)}",
             "; ".join(filter(None, (f"  the item: {short(item)}", said_of_unmade(item))))]
    walked = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if not _ours(frame)]
    return "\n".join(filter(None, (*parts, own_traceback(error, walked, ""))))


_NONE = object()


def _culprit(stage: Any, walked: list[tuple[Any, int]]) -> tuple[str | None, bool, int]:
    """The innermost PE of this stage that was at work, whether it is written out in the program, and where in `walked`
    its own frames begin."""
    for at in range(len(walked) - 1, -1, -1):
        frame, line = walked[at]
        if frame.f_code.co_filename == stage.program:
            name = failed(stage.inlined.get(frame.f_code, []), frame.f_code, line)
            found = name or _called(stage, frame, line)
            if found:
                return found, name is not None, at + 1
        elif not _ours(frame) and (name := _of(stage, frame)):
            while at > 0 and _of(stage, walked[at - 1][0]) == name:
                at -= 1
            return name, False, at
    return None, False, len(walked)


def _of(stage: Any, frame: Any) -> str | None:
    """The PE that a frame is a method of."""
    code = frame.f_code
    return _named(stage, frame.f_locals.get(code.co_varnames[0])) if code.co_argcount else None


def _called(stage: Any, frame: Any, line: int) -> str | None:
    """The PE that a line of the program calls."""
    values = frame.f_locals
    names = (each.argval for at, each in _instructions(frame.f_code) if at == line and isinstance(each.argval, str))
    return next(filter(None, (_named(stage, values.get(name)) for name in names)), None)


def _instructions(code: CodeType) -> Iterator[tuple[int, dis.Instruction]]:
    line, starts = 0, dict(dis.findlinestarts(code))
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset) or line
        yield line, instruction


def _named(stage: Any, pe: Any) -> str | None:
    return next((name for name, mine in zip(stage.names, stage.pes, strict=True) if mine is pe), None)


def _handed(stage: Any, walked: list[tuple[Any, int]]) -> tuple[int, Any]:
    """How many items the program was handing to the PE as a batch, 1 where it handed over an item; and the item."""
    for frame, _ in reversed(walked):
        if frame.f_code.co_filename == stage.program and frame.f_code.co_name.startswith("into_"):
            values = frame.f_locals
            return len(values["batch"]) if "batch" in values else 1, values.get("item", _NONE)
    return 1, _NONE


def _ours(frame: Any) -> bool:
    """Whether a frame is of the engine; library PEs are PEs like the user's."""
    name = frame.f_globals.get("__name__", "")
    return name.split(".")[0] == "d4p" and name not in _PES and not name.startswith("d4p.library.")


def at_source(message: str, bundle: str) -> str:
    """A message whose files are the user's own (D4P_SOURCE is their folder) and not their copies in a bundle."""
    source = os.environ.get("D4P_SOURCE")
    if not source:
        return message
    message = message.replace(f'"{bundle}/', f'"{source}/')
    return re.sub(r'"[^"\n]*/workflow(-[0-9a-f]{12})?\.zip(\.unpacked)?/', lambda _: f'"{source}/', message)
