"""A whole program from a template, with the pieces that are the same on every target."""

from __future__ import annotations

import shlex
from functools import cache
from typing import Any

from d4p.errors import Refused
from d4p.version import __version__

from ..ir.graph import TILES, WIDTH, Instances
from ..ir.plan import Channel, Plan, Stage
from ..show.text import described
from .docs import docstring
from .names import in_docstring, quoted
from .stage import stage_function


@cache
def _templates() -> Any:
    import jinja2  # a plan needs no templates

    return jinja2.Environment(
        loader=jinja2.PackageLoader("d4p_compile"), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, autoescape=False,
    )


def render(template: str, plan: Plan, what: str, **more: Any) -> str:
    """The text of a program; the same plan gives the same bytes."""
    return _templates().get_template(template).render(
        docstring=in_docstring(docstring(plan, what)),
        version=__version__,
        workflow=workflow(plan),
        stages=plan.stages,
        functions=[stage_function(plan, stage) for stage in plan.stages],
        plan=plan,
        count=count,
        sends=lambda stage: sends(plan, stage),
        takes=lambda stage: [c.number for c in plan.channels_into(stage)],
        back=lambda stage: [c.number for c in plan.channels_from(stage) if c.edge.back],
        keeps=keeps,
        shell=shlex.quote,
        **more,
    )


def workflow(plan: Plan) -> str:
    """The expression for the program's workflow."""
    origin = plan.graph.origin
    fingerprint = f"fingerprint={quoted(plan.graph.fingerprint)}"
    if origin.live:
        return f'd4p.Workflow("a live graph", {fingerprint}, pickled=d4p.beside(__file__, "graph.pickle"))'
    source = quoted(f"{origin.module}:{origin.attribute}")
    if not origin.call:
        return f"d4p.Workflow({source}, {fingerprint})"
    parameters = ", ".join(f"{quoted(k)}: {_parameter(k, v)}" for k, v in origin.parameters)
    return f"d4p.Workflow({source}, {fingerprint}, parameters={{{parameters}}})"


def _parameter(name: str, value: Any) -> str:
    try:
        return quoted(value)
    except TypeError as error:
        raise Refused(f"the parameter {name} is written into the program, and must be a plain value: None, a bool, a "
                      f"number, text, bytes, or a list, tuple, set or dict of them. {error}") from None


def count(instances: Instances) -> str:
    """Instances as an expression of the program."""
    return {WIDTH: "run.width", TILES: "run.tiles"}.get(instances, str(instances))


def sends(plan: Plan, stage: Stage) -> str:
    """`{channel: instances of its consumer}` as an expression."""
    pairs = [f"{c.number}: {count(plan.stage_of[c.edge.dest].instances)}" for c in plan.channels_from(stage)]
    return "{" + ", ".join(pairs) + "}"


def keeps(channel: Channel) -> tuple[str, str]:
    """An exchange and what it keeps: the two lines of the comment over it."""
    edge, exchange = channel.edge, channel.edge.exchange
    what = {
        "forward": f"instance i of {edge.source} feeds instance i of {edge.dest}",
        "round robin": f"items take turns over the instances of {edge.dest}",
        "hash": f"items whose {list(exchange.fields)} are equal meet in one instance of {edge.dest}",
        "broadcast": f"every instance of {edge.dest} gets every item",
        "gather": f"one instance of {edge.dest} gets every item",
        "pairs": f"of any two items the instance of {edge.dest} that pairs them gets both",
        "pairs left": f"an instance of {edge.dest} gets all items that it pairs with some of the right",
        "pairs right": f"an instance of {edge.dest} gets all items that it pairs with some of the left",
    }[exchange.kind]
    return f"channel {channel.number}: {channel}, {described(channel)}:", f"  {what}"
