"""What a stage needs to know of places where no item has one."""

from __future__ import annotations

from typing import Any

#: Phases: the `preprocess` of the PEs, the last one's first and the first one's here; the items; the `postprocess` of
#: the first PE, those of others after it; and when nothing more is to come.
PREPROCESS, ITEMS, POSTPROCESS, NEVER = 0, 1, 2, 1 << 62


class Unplaced:
    """In the place of a `Passing`, where nothing that comes or goes has a place."""

    here = None
    holds = packed = False

    def behind(self) -> dict[int, int]:
        return {}

    def numbered(self, numbers: Any, items: list[Any]) -> list[Any]:
        return items

    def end(self) -> None:
        """Nothing more is to come."""
