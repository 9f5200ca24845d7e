"""What a policy says of what an instance of a PE fails at, and what is counted of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from d4p.describe.failure import PeFailed, said_of_item
from d4p.graph.policies import DeadLetter, LeftOut, Policy, Retry, last
from d4p.stage.letters import letter

#: Of so many kinds of exception the first failure is told.
_KINDS = 20


@dataclass
class Failures:
    """What a PE's instance has failed at, for its report.

    Attributes:
        failed: items for which the PE raised in every try.
        retried: tries after the first.
        skipped: failed items that were left out.
        aside: those that were set aside.
        first: of each kind of exception the message of the first item that failed with it.
    """

    failed: int = 0
    retried: int = 0
    skipped: int = 0
    aside: int = 0
    first: dict[str, str] = field(default_factory=dict)

    def so_far(self) -> Failures:
        """A copy, which nobody changes."""
        return replace(self, first=dict(self.first))

    def add(self, other: Failures) -> None:
        """Those of another instance."""
        self.failed += other.failed
        self.retried += other.retried
        self.skipped += other.skipped
        self.aside += other.aside
        self.first = other.first | self.first


class Policed:
    """One instance of a PE and its policy.

    Args:
        pe: the instance.
        name: its name in the plan.
        index: the number of the instance.
        policy: what to do.
        write: takes what is to be written of an item that is set aside.
        origin: of an item's port says where it came from.
    """

    def __init__(self, pe: Any, name: str, index: int, policy: Policy, write: Callable[[dict[str, Any]], None],
                 origin: Callable[[str | None], dict[str, Any]]) -> None:
        self._pe, self._name, self._index, self._origin = pe, name, index, origin
        self.failures = Failures()
        self.tries = policy.times if isinstance(policy, Retry) else 0
        self._on = policy.on if isinstance(policy, Retry) else ()
        self._wait = policy.wait if isinstance(policy, Retry) else 0.0
        self._last, self._write = last(policy), write

    @property
    def sets_aside(self) -> bool:
        """Whether an item that failed is written down."""
        return isinstance(self._last, DeadLetter)

    def tries_again(self, error: Exception, tries: int) -> bool:
        """Whether there is to be a further try after so many of them but the first; waits as long as it is to."""
        if tries == self.tries or not isinstance(error, self._on):
            return False
        time.sleep(self._wait * 2**tries)
        self.failures.retried += 1
        return True

    def failed(self, port: str | None, item: Any, number: int, error: Exception, tries: int, **where: Any) -> None:
        """Do with an item that failed in every one of its tries as the policy says. Raises the error where the run is
        to fail, PeFailed where it is one too many; `where` is written down of it, too."""
        found = self.failures
        if not isinstance(self._last, LeftOut):
            raise error
        found.failed += 1
        if self.sets_aside:
            found.aside += 1
            self._write(letter(self._pe, self._name, port, self._index, number, item, error, tries)
                        | {"from": self._origin(port) | where})
        else:
            found.skipped += 1
        kind = type(error).__name__
        if kind not in found.first and len(found.first) < _KINDS:
            found.first[kind] = said_of_item(self._pe, self._name, self._index, number, item, error)
        most = self._last.most
        if most is not None and found.failed > most:
            raise PeFailed(too_many(self._name, self._pe, found, self._last), self._name, self._index, number)


def too_many(name: str, pe: Any, found: Failures, policy: Policy, of: int | None = None) -> str:
    """What is said where more items failed than a policy lets, `of` so many."""
    said = "\n".join(found.first.values())
    among = "" if of is None else f" of {of:,}"
    return (f"{found.failed:,}{among} items of {name} ({type(pe).__name__}) failed, more than its policy lets "
            f"({policy}). The first of each kind:\n{said}")
