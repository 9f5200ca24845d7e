"""The functions of a compiled program's stages: each says which PEs it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from d4p.frozen import dataclass

_Function = TypeVar("_Function", bound=Callable)
#: Of more PEs than that a title shows the first ones and the last.
_LONGEST, _FIRST = 6, 3


@dataclass(frozen=True)
class StageInfo:
    """What is known of a stage before it runs: its number in the plan, its PEs in topological order, and `blocks`: of
    the splits that it reads each instance has neighbouring ones, on every target, since it can be told which has an
    item."""

    number: int
    pes: tuple[str, ...]
    blocks: bool = False

    @property
    def title(self) -> str:
        """What the stage is called in messages and in an engine's UI."""
        return title(self.pes)

    def __str__(self) -> str:
        return f"stage {self.number} ({self.title})"


class StageFunction(Protocol):
    """A `stage_<n>(stage)` of a compiled program: it wires the PEs of an instance, and gives that."""

    info: StageInfo

    def __call__(self, stage: Any, /) -> Any: ...


def runs(*pes: str, blocks: bool = False) -> Callable[[_Function], _Function]:
    """Says of the function `stage_<n>` which PEs it runs, in topological order, and how they share out splits
    (`StageInfo.blocks`)."""

    def said(function: Any) -> Any:
        function.info = StageInfo(int(function.__name__.removeprefix("stage_")), pes, blocks)
        return function

    return said


def title(pes: Sequence[str]) -> str:
    """PEs in a line that isn't too long.

    >>> title(["read", "split"]), title("abcdefg")
    ('read > split', 'a > b > c > ... > g (7 PEs)')
    """
    if len(pes) <= _LONGEST:
        return " > ".join(pes)
    return f"{' > '.join(pes[:_FIRST])} > ... > {pes[-1]} ({len(pes)} PEs)"
