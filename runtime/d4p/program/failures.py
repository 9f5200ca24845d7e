"""The items that policies took care of, over all instances: whether they were too many, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.graph.core import is_reader
from d4p.graph.policies import LeftOut, last
from d4p.stage.policed import Failures, too_many
from d4p.workflow.workflow import Workflow

#: The exit status of a run that is done but for some items.
MISSING = 3
Reports = Iterable[Mapping[str, Any]]


def failures(reports: Reports) -> dict[str, Failures]:
    """Those of each PE at which something failed, by its name."""
    found: dict[str, Failures] = {}
    for report in reports:
        for name, mine in report["failures"].items():
            if mine.failed or mine.retried:
                found.setdefault(name, Failures()).add(mine)
    return found


def left_out(reports: Reports) -> int:
    """How many items did not get through."""
    return sum(found.failed for found in failures(reports).values())


def too_many_so_far(workflow: Workflow, reports: Reports) -> PeFailed | None:
    """The failure of a PE of whose items more have failed so far than its policy lets in number, over all instances."""
    for name, found in failures(reports).items():
        policy = last(workflow.policies[name])
        if isinstance(policy, LeftOut) and policy.most is not None and found.failed > policy.most:
            return PeFailed(too_many(name, workflow.pes[name], found, policy), name)
    return None


def judge(workflow: Workflow, reports: list[dict[str, Any]]) -> None:
    """Raises PeFailed where more items of a PE failed than its policy lets, over all instances."""
    for name, found in failures(reports).items():
        policy = last(workflow.policies[name])
        if not isinstance(policy, LeftOut):
            continue
        received = sum(report["received"].get(name, 0) for report in reports)
        if is_reader(workflow.pes[name]):  # of what it gave, and what it couldn't
            received += found.failed
        over_most = policy.most is not None and found.failed > policy.most
        if over_most or policy.rate is not None and found.failed > policy.rate * received:
            raise PeFailed(too_many(name, workflow.pes[name], found, policy, received), name)


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
    mine = Failures()
    for each in found:
        mine.add(each)
    ways = [("skipped", mine.skipped), ("set aside", mine.aside)] if mine.failed else [("skipped or set aside", count)]
    return "done, " + ", ".join(f"{many:,} {'item' if many == 1 else 'items'} {way}" for way, many in ways if many)
