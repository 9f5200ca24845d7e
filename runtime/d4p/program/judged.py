"""Whether the items that policies took care of, over all instances, were too many."""

from __future__ import annotations

from typing import Any

from d4p.describe.failure import PeFailed
from d4p.graph.core import is_reader
from d4p.graph.policies import LeftOut, last
from d4p.program.failures import Reports, failures
from d4p.stage.policed import too_many
from d4p.workflow.workflow import Workflow


def too_many_so_far(workflow: Workflow, reports: Reports) -> PeFailed | None:
    """The failure of a PE of whose items more have failed so far than its policy lets in number, over all instances."""
    if all(getattr(last(policy), "most", None) is None for policy in workflow.policies.values()):
        return None
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
        # A quotient is the number nearest to it, as 0.29 is: 29 of 100 aren't more, and 0.29 * 100 is less than 29.
        if over_most or policy.rate is not None and found.failed / max(received, 1) > policy.rate:
            raise PeFailed(too_many(name, workflow.pes[name], found, policy, received), name)
