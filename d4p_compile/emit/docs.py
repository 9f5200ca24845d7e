"""The plan as the docstring of its program."""

from __future__ import annotations

from ..ir.plan import Plan
from ..show.text import outline, size


def docstring(plan: Plan, what: str) -> str:
    """Title and outline, without quotes."""
    return f"{plan.graph.name} for {what}: {size(plan)}.\n\n" + "\n".join(outline(plan))
