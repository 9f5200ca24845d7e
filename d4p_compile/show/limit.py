"""Which stages are likely to be what a run waits for: those of one instance before or behind wide ones."""

from __future__ import annotations

from ..ir.plan import Plan, Stage


def alone(plan: Plan) -> list[Stage]:
    """Those stages, where more than one thing is done at a time.

    A stage that is one instance because somebody says so, by a count, `single`, "global" or `fuse`, isn't meant.
    """
    if not plan.can.wide or plan.width == 1:
        return []
    ones = (stage for stage in plan.stages if stage.instances == 1)
    return [stage for stage in ones if _could_be_more(plan, stage) and _is_near(plan, stage)]


def _could_be_more(plan: Plan, stage: Stage) -> bool:
    return any(plan.graph.by_name[name].remedy for name in stage.pes)


def _is_near(plan: Plan, stage: Stage) -> bool:
    near = [channel.edge.source for channel in plan.channels_into(stage)]
    near += [channel.edge.dest for channel in plan.channels_from(stage)]
    return any(plan.stage_of[name].instances != 1 for name in near)
