"""Channels between stages.

A compiled program states each of its channels once; its stages and its `main` refer to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from d4p.frozen import dataclass

if TYPE_CHECKING:
    from d4p.stage.exchange import Exchange


@dataclass(frozen=True)
class Channel:
    """An edge between two stages.

    Attributes:
        number: its number in the plan, from 1.
        edge: what it joins, as messages show it: "split.word -> count.word".
        exchange: how items reach the consumer's instances.
        back: it closes a cycle.
        places: how its items say where in the sequential run they stand: "runs" of them together, or each "numbered"
            in its run, both to be put in order before they are worked on; "noted" with each that is to be paired; ""
            where they needn't.
    """

    number: int
    edge: str
    exchange: Exchange
    back: bool = False
    places: str = ""

    @property
    def merges(self) -> bool:
        """Whether its consumer's instances put its items in order before they work on them."""
        return self.places in ("runs", "numbered")

    @property
    def output(self) -> str:
        """The output port that it comes from: "split.word"."""
        return self.edge.partition(" -> ")[0]
