"""PEs whose items nobody would make: a `yield` or `async` where a PE is called, a generator given for an item."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from d4p.errors import Refused

from ..analysis.calls import overrides_write
from ..analysis.classes import methods_of
from ..analysis.generators import returned, written
from ..analysis.origin import is_d4p

#: Longer expressions aren't shown whole.
_LONGEST = 60


def refuse_unmade(pe: Any) -> None:
    """Raises Refused for a method with a `yield` in it, or an `async` one: what it gives when it is called has done
    nothing yet, and nobody would make it do so. For a generator as an item, too, as far as it can be read."""
    for what, function in _called(pe):
        lazy = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        if lazy or inspect.iscoroutinefunction(function):
            does, instead = ("yields", f"self.write({_port(pe)!r}, item) in place of `yield item`") if lazy else (
                "is async", "a plain `def`")  # fmt: skip
            raise Refused(f"{what} of {pe.id} ({type(pe).__name__}) {does}, and what it gives isn't run: say {instead}")
    for what, found in () if overrides_write(pe) else _given(pe):  # else the user's own may do so
        if found is not None:
            raise Refused(
                f"{pe.id} ({type(pe).__name__}): {what} a generator, `{_short(found)}`, which is no item: send its "
                f"items one by one, with self.write({_port(pe)!r}, item) for each, or as one in a list"
            )


def _called(pe: Any) -> Iterator[tuple[str, Any]]:
    """What an engine calls of a PE: what it is called in a message, and the function."""
    for name in ("preprocess", "_preprocess", _process(pe), "postprocess", "_postprocess"):
        yield f"{name}()", getattr(pe, name)
    yield "its function", getattr(pe, "compute_fn", None)


def _process(pe: Any) -> str:
    """The method that is called with an item; where it isn't d4p's own, `_process` is a helper of it."""
    return "_process" if (getattr(pe.process, "__module__", "") or "").startswith("d4p.") else "process"


def _given(pe: Any) -> Iterator[tuple[str, ast.expr | None]]:
    """What a PE gives for items: how, and the expression of a generator that is among them."""
    process = getattr(pe, _process(pe))
    if not is_d4p(process):
        yield f"{_process(pe)}() returns", returned(process, pe)
    yield "its function returns", returned(getattr(pe, "compute_fn", None), None)
    table = methods_of(type(pe))
    for name in table.functions:
        for function in () if name in table.static else table.own(name):
            if not is_d4p(function):
                yield f"{name}() writes", written(function, pe)


def _port(pe: Any) -> str:
    return next(iter(pe.outputconnections), "output")


def _short(expression: ast.expr) -> str:
    text = ast.unparse(expression)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
