"""See whether the stages fit into `-n`, and say the least where they don't.

Where `-n` is too small for one instance each, PEs that were fused share one; the plan is left as it is.

>>> from d4p_compile.ir.sketch import sketch
>>> from d4p_compile.passes import run_passes
>>> run_passes(sketch("read count", count=4), Options(instances=3))
Traceback (most recent call last):
d4p.errors.Refused: -n 3 is too small: the least is 5, for read x1, count x4. Explicit numprocesses and partitions are \
kept: lower those or give a larger -n
"""

from __future__ import annotations

from d4p.errors import Refused

from ..ir.plan import Plan
from .options import Options


def fit(plan: Plan, options: Options) -> Plan:
    """Raise Refused if the instances of the fused stages are more than `-n`."""
    if options.instances is None:
        return plan
    least = sum(int(stage.instances) for stage in plan.stages)  # numbers all: with -n the engine is left nothing
    if least > options.instances:
        stages = ", ".join(f"{stage} {stage.times}" for stage in plan.stages)
        raise Refused(
            f"-n {options.instances} is too small: the least is {least}, for {stages}. "
            "Explicit numprocesses and partitions are kept: lower those or give a larger -n"
        )
    return plan
