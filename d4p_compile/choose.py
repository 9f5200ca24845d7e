"""Which kind of Spark program `--target spark` is: the one that measured faster for the plan's kind of items."""

from __future__ import annotations

from .ir.plan import Plan

RDD, DATAFRAME = "spark-rdd", "spark-df"


def spark(dataframe: Plan) -> tuple[str, str]:
    """The target to take, and why, given the plan for DataFrames: those where Spark itself does the work of a stage on
    columns, before the shuffle; else RDDs, which carry what only Python reads in fewer steps.

    The figures are those of tests/benchmarks: `spark` measures both kinds of program, `columns` what Spark does itself.
    """
    natives = [f"{stage.native.kind} of {stage.native.pe}" for stage in dataframe.stages if stage.native]
    if natives:
        done = ", the ".join(natives)
        return DATAFRAME, f"spark is spark-df here: Spark itself does the {done}, and adds items up before the shuffle"
    why = "only Python reads the items, and RDDs carry those faster (1.0 to 1.3 times as fast, as measured)"
    return RDD, f"spark is spark-rdd here: {why}"
