"""How items get to the tiles of their pairs: by a broadcast to all executors, or by a shuffle with tiles as keys.

Whichever moves less: a broadcast takes each item to every executor, a shuffle to every tile of its row and column.
A broadcast goes through the driver's memory, so it has a limit; where the items take more, they are shuffled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from d4p.errors import Refused
from d4p.stage.channel import Channel

#: The setting that says how many bytes of items are broadcast at most, as Spark writes sizes; and where nobody does.
SETTING, MOST = "spark.d4p.pairs.broadcast", "100m"
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}
#: Gives the value of one of Spark's settings, or else the second argument.
Setting = Callable[[str, str], str]
#: Channels for pairs, into one stage.
Channels = Sequence[Channel]


@dataclass(frozen=True)
class Limits:
    """What a broadcast may be.

    Attributes:
        most: bytes of items, and `asked`, how the user has put it.
        result: bytes that Spark lets the driver gather.
        executors: how many there may be, each of which gets them; None where nobody can tell.
    """

    most: int
    asked: str
    result: int
    executors: int | None

    def why_tiles(self, channels: Channels, instances: int) -> str:
        """Why there can be no broadcast, whatever the items are; empty where there can."""
        if self.most <= 0:
            return f"{SETTING} is {self.asked}"
        if self.executors is None:
            return ("dynamic allocation may start any number of executors, each of which a broadcast would go to, "
                    "unless spark.dynamicAllocation.maxExecutors is set")
        times = max(len(reached) for channel in channels for reached in channel.exchange.spread(instances))
        if times <= self.executors:
            return f"an item goes to {_count(times, 'tile')}, and by a broadcast to {self._executors}"
        return ""

    def why_tiles_of(self, size: int, tiles: int) -> str:
        """Why items of so many bytes, which take so many by tiles, are not broadcast; empty where they are."""
        if size > self.most:
            return f"the items take {megabytes(size)}, and {SETTING} is {self.asked}"
        if size > self.result > 0:
            return f"the items take {megabytes(size)}, which is more than spark.driver.maxResultSize"
        moves = size * (self.executors or 0)
        if moves >= tiles:
            return f"a broadcast would move {megabytes(moves)}, to {self._executors}"
        return ""

    def broadcast(self, size: int, tiles: int) -> str:
        """What is said of a broadcast."""
        return f"a broadcast of {megabytes(size)} to {self._executors}; tiles as keys would move {megabytes(tiles)}"

    @property
    def _executors(self) -> str:
        return _count(self.executors or 0, "executor")


def limits(setting: Setting, executors: int | None) -> Limits:
    """What a broadcast may be, by Spark's settings. Raises Refused for a size that isn't one."""
    most, result = setting(SETTING, MOST), setting("spark.driver.maxResultSize", "1g")
    return Limits(size_of(most, SETTING), most, size_of(result, "spark.driver.maxResultSize"), executors)


def size_of(text: str, setting: str) -> int:
    """The bytes of a size as Spark writes it.

    >>> size_of("100m", "spark.memory")
    104857600
    """
    found = re.fullmatch(r"(-?\d+)([kmgtp]?)b?", text.strip().lower())
    if found is None:
        raise Refused(f"{setting} must be a size as Spark writes it, as 100m, or 0 for none; it is {text!r}")
    return int(found[1]) << _UNITS[found[2]]


def most_executors(setting: Setting, here: bool, now: Callable[[], int]) -> int | None:
    """How many executors there may be: one where Spark runs in one process, `here`; else those that are there now, or
    those that are asked for; None where Spark starts as many as it finds work for."""
    if here:
        return 1
    if setting("spark.dynamicAllocation.enabled", "false").lower() == "true":
        most = setting("spark.dynamicAllocation.maxExecutors", "")
        return int(most) if most.isdigit() and int(most) < (1 << 31) - 1 else None
    asked = setting("spark.executor.instances", "")
    return max(1, now(), int(asked) if asked.isdigit() else 0)


def needs(channels: Channels, instances: int) -> list[list[tuple[int, int]]]:
    """For each instance the (channel, block) whose batches it needs."""
    needed: list[list[tuple[int, int]]] = [[] for _ in range(instances)]
    for channel in channels:
        for block, reached in enumerate(channel.exchange.spread(instances)):
            for instance in reached:
                needed[instance].append((channel.number, block))
    return needed


def sizes(reports: Iterable[Mapping[str, Any]], channels: Channels) -> tuple[int, int]:
    """The bytes of all batches of some channels, each counted once, and as often as there are tiles that need it."""
    once = tiles = 0
    numbers = {channel.number for channel in channels}
    for report in reports:
        for channel, (edge, size) in report.get("once", {}).items():
            if channel in numbers:
                once, tiles = once + size, tiles + report["moved"][edge]
    return once, tiles


def are_broadcast(limits: Limits, channels: Channels, instances: int,
                  reports: Callable[[], Iterable[Mapping[str, Any]]], say: Callable[[str], None]) -> bool:
    """Whether the items of channels for pairs are broadcast, which is said with the reason.

    Args:
        reports: computes the items, and gives the reports of their producers: called where the way depends on how many
            there are.
    """
    why, size, by_tiles = limits.why_tiles(channels, instances), 0, 0
    if not why:
        size, by_tiles = sizes(reports(), channels)
        why = limits.why_tiles_of(size, by_tiles)
    say(f"{numbered(channels)}: {f'tiles as keys: {why}' if why else limits.broadcast(size, by_tiles)}")
    return not why


def as_moved(reports: Iterable[dict[str, Any]], executors: Mapping[int, int]) -> list[dict[str, Any]]:
    """Reports, with the bytes that moved where channels were broadcast, to so many executors."""
    return [{**report, "moved": {**report["moved"], **{
        edge: size * executors[channel]
        for channel, (edge, size) in report.get("once", {}).items() if channel in executors
    }}} for report in reports]  # fmt: skip


def numbered(channels: Channels) -> str:
    """`channel 1` or `channels 1 and 2`, as they are numbered in the plan."""
    return f"channel{'s' * (len(channels) > 1)} {' and '.join(str(channel.number) for channel in channels)}"


def megabytes(size: int) -> str:
    """A size in words."""
    return f"{size / 1e6:,.0f} MB" if size >= 10_000_000 else f"{size / 1e6:.1f} MB" if size >= 100_000 else \
        f"{size:,} bytes"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
