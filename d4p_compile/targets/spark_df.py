"""A Spark job over DataFrames: rows are batches of items, stages run in mapInArrow, exchanges are Spark's shuffles.

It runs on Spark Connect too, which has no RDDs.
"""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from d4p.hadoop.packages import lacking, remedy

from ..emit.channels import variable
from ..emit.dataflow import LINE, Dialect, also_pairs, blocks
from ..emit.layout import broken
from ..emit.names import quoted
from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.plan import Channel, Native, Plan, Stage
from .spark_here import ARCHIVE, WIDTH, environment, extras
from .spark_here import available as spark_here
from .target import Availability, Target

WHAT = "Spark DataFrames"
#: What Spark aggregates just as the library's PEs do, by kind and type of the field. Not the least and the greatest of
#: floats, which depend on the order of items where there are NaNs.
_NATIVES = frozenset({
    ("count", None),
    *((kind, number) for kind in ("sum", "average") for number in ("int64", "float64")),
    *((kind, comparable) for kind in ("min", "max") for comparable in ("int64", "bool", "string", "binary")),
})  # fmt: skip
#: Lines of comments are broken that would be longer, without their indentation.
_LINE = 114


def _listed(outs: list[str], counts: list[str]) -> str:
    """Outputs of several stages are put together, which needs their counts."""
    if len(outs) == 1:
        return outs[0]
    return f"run.union([{', '.join(outs)}], instances=[{', '.join(counts)}])"


def _applied(frame: str, task: str, columns: str) -> str:
    gives = f"spark_df.BATCHES + spark_df.ddl({columns})" if columns else "spark_df.BATCHES"
    return f"{frame}.mapInArrow({task}, {gives})"


def _columns(plan: Plan, stage: Stage) -> list[str]:
    """The lines of `{channel: {column: (field of an item, type)}}`; none where all is packed."""
    lines = []
    for channel in plan.channels_from(stage):
        if channel.packed:
            lines.append(f"# {variable(channel)}: {channel.packed}")
        fields = [f"{quoted(c.name)}: ({quoted(c.field)}, {quoted(c.type)})" for c in channel.columns]
        if fields:
            lines += broken(f"{variable(channel)}: {{", fields, "},", LINE)
    has_some = any(channel.columns for channel in plan.channels_from(stage))
    return ["columns = {", *(f"    {line}" for line in lines), "}"] if has_some else []


def _shuffled(outs: list[str], counts: list[str], stage: Stage, instances: str,
              pairs: tuple[Channel, ...]) -> list[str]:
    """The shuffle into a stage; what Spark aggregates it aggregates before."""
    frame, native, into = _listed(outs, counts), stage.native, f"into_{stage.number}"
    if native is None:
        return [f"{into} = spark_df.shuffle({frame}, {instances}, ordered={stage.ordered}{also_pairs(pairs)})"]
    return [
        *(f"# {line}" for line in _why_the_same(native)),
        *broken(f"{into} = {frame}.groupBy(spark_df.KEYS).agg(", _aggregates(native), ")", LINE),
        f"{into} = spark_df.shuffle({into}, {instances}, ordered=True)",
    ]


def _aggregates(native: Native) -> list[str]:
    """Spark's expressions: the number of items, and the aggregate of each column."""
    names = [(quoted(column.name), column.type) for column in native.columns]
    if native.kind == "count":
        return [f"F.sum({names[0][0]})"]
    function = {"average": "sum"}.get(native.kind, native.kind)
    values = [f"spark_df.exact_sum({name})" if (function, kind) == ("sum", "int64") else f"F.{function}({name})"
              for name, kind in names]  # fmt: skip
    return [f"F.count({names[0][0]})", *values]


def _why_the_same(native: Native) -> list[str]:
    """The comment over an aggregation: what it does, and why that is what the PE would do."""
    if native.kind == "count":
        return ["native: count. A row says how many items it stands for; the items stay where they are"]
    types = {column.type for column in native.columns}
    adds, orders = native.kind in ("sum", "average"), native.kind in ("min", "max")
    return [
        *textwrap.wrap(f"native: {native}", _LINE, subsequent_indent="  "),
        *(["  a sum of 64-bit ints may have more bits, as in Python"] if adds and "int64" in types else []),
        *(["  floats are the same within rounding"] if adds and "float64" in types else []),
        *(["  the bytes of UTF-8 are in the order of code points"] if orders and "string" in types else []),
        "  an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself",
    ]


_SAY = Dialect(
    seeds=lambda instances: f"run.instances({instances})",
    apply=_applied,
    module="spark_df",
    shuffle=_shuffled,
    together=_listed,
    finish=lambda outs, counts: f"run.finish({_listed(outs, counts)})",
    columns=_columns,
)


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("spark_df.py.j2", plan, WHAT, engine="spark_df", blocks=blocks(plan, _SAY),
                  aggregates=any(stage.native for stage in plan.stages))


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    """Whether DataFrame programs run here: Spark, or the client of a Spark Connect server, and the packages that it
    needs to carry items between it and Python."""
    remote = os.environ.get("SPARK_REMOTE")
    found = Availability(True, f"Spark Connect at {remote}") if remote else spark_here()
    lacks = lacking("connect" if remote else "sql") if found.runs else []
    if lacks:
        return Availability(False, f"{found.details}; it asks for {', '.join(lacks)}", remedy(lacks))
    return found


TARGET = Target(
    name="spark-df",
    what=WHAT,
    needs="pyspark 3.5 or newer with pandas and pyarrow, and Java (or a server of Spark Connect)",
    can=Capabilities(wide=True, cycles=False, natives=_NATIVES, broadcasts_pairs=True, width=WIDTH),
    program=program,
    command=command,
    available=available,
    environment=environment,
    extras=extras,
    archive=ARCHIVE,
)
