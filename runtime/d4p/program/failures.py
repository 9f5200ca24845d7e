"""The items that policies took care of, over all instances, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from d4p.stage.policed import Failures

#: The exit status of a run that is done but for some items.
MISSING = 3
Reports = Iterable[Mapping[str, Any]]


def failures(reports: Reports) -> dict[str, Failures]:
    """Those of each PE at which something failed, by its name."""
    found: dict[str, Failures] = {}
    for report in reports:
        for name, mine in report["failures"].items():
            if mine.failed or mine.retried:
                if name in found:
                    found[name].add(mine)
                else:
                    found[name] = mine.so_far()
    return found


def left_out(reports: Reports) -> int:
    """How many items did not get through."""
    return sum(found.failed for found in failures(reports).values())


def told(found: Mapping[str, Failures]) -> Iterator[str]:
    """The lines to print of it."""
    for name, mine in found.items():
        counts = [f"{count:,} {what}" for count, what in ((mine.failed, "failed"), (mine.skipped, "skipped"),
                                                          (mine.aside, "set aside"), (mine.retried, "tried again"))
                  if count]
        yield f"  {name}: {', '.join(counts)}"
        for message in mine.first.values():
            yield from (f"    {line}" for line in message.splitlines())


def ended(found: Iterable[Failures], count: int) -> str:
    """The last line of a run that is done but for so many items; nothing is `found` of those of an earlier one."""
    counts = [(each.skipped, each.aside) for each in found if each.failed]
    skipped, aside = (sum(each) for each in zip(*counts, strict=True)) if counts else (0, 0)
    ways = [("skipped", skipped), ("set aside", aside)] if counts else [("skipped or set aside", count)]
    return "done, " + ", ".join(f"{many:,} {'item' if many == 1 else 'items'} {way}" for way, many in ways if many)
