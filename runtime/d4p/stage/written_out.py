"""Which PEs a program has written out in its loops, known before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from d4p.errors import Refused


class _Wiring:
    """In the place of a stage, for a `stage_<n>` that is only looked at: takes whatever it is told."""

    def __init__(self, names: tuple[str, ...], pes: Mapping[str, Any]) -> None:
        self._names, self._pes = names, pes
        self.found: dict[str, str] = {}

    def take(self) -> tuple[Any, ...]:
        return tuple(self._pes[name] for name in self._names)

    def inline(self, loop: Callable, *written: tuple[Any, str]) -> None:
        for pe, expression in written:
            self.found |= {name: expression for name in self._names if self._pes[name] is pe}

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **more: _nothing


def _nothing(*given: Any, **more: Any) -> None:
    return None


def check(functions: Iterable[Any], pes: Mapping[str, Any], policed: Iterable[str]) -> None:
    """Look at the functions of a program's stages. Raises Refused where a PE has a policy, by its name in the plan, and
    is written out there."""
    policed = set(policed)
    for function in functions:
        if policed.isdisjoint(function.info.pes):
            continue
        wiring = _Wiring(function.info.pes, pes)
        function(wiring)
        for name, expression in wiring.found.items():
            if name in policed:
                raise Refused(unguarded(name, expression))


def unguarded(name: str, expression: str) -> str:
    """What is said of a PE that has a policy, and is written out."""
    return (f"{name} has a policy for items that fail, and the program has `{expression}` written out in its place, "
            "which it can't guard: give --on-error to d4p compile, too")
