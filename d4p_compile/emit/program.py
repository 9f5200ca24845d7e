"""A whole program from a template, with the pieces that are the same on every target."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import Any

from d4p.errors import Refused
from d4p.version import __version__

from ..ir.graph import TILES, WIDTH, Instances
from ..ir.plan import Plan, Stage
from .channels import listed, statements
from .docs import docstring
from .layout import WIDTH as COLUMNS
from .layout import broken, filled
from .names import in_docstring, quoted
from .stage import stage_function


@cache
def _templates() -> Any:
    import jinja2  # a plan needs no templates

    return jinja2.Environment(
        loader=jinja2.PackageLoader("d4p_compile"), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, autoescape=False,
    )


def render(template: str | Path, plan: Plan, what: str, **more: Any) -> str:
    """The text of a program; the same plan gives the same bytes.

    Args:
        template: its name in d4p_compile/templates, or the path of one elsewhere. One of a program extends
            `program.py.j2`, and has a block `main`.
        what: what the program is for, in its docstring.
        more: what else the template takes; `engine` is the name of the engine's module.
    """
    made = _templates()
    found = made.from_string(template.read_text()) if isinstance(template, Path) else made.get_template(template)
    return found.render(
        docstring=in_docstring(docstring(plan, what)),
        version=__version__,
        workflow=workflow(plan),
        stages=plan.stages,
        functions=[stage_function(plan, stage) for stage in plan.stages],
        plan=plan,
        count=count,
        channels=statements(plan),
        takes=lambda stage: listed(plan.channels_into(stage)),
        sends=lambda stage: listed(plan.channels_from(stage)),
        declared=lambda stage: _declared(plan, stage),
        shell=shlex.quote,
        **more,
    )


def workflow(plan: Plan) -> str:
    """The expression for the program's workflow."""
    origin = plan.graph.origin
    assert origin is not None, "a graph that was loaded has one"
    fingerprint = f"fingerprint={quoted(plan.graph.fingerprint)}"
    on_error = f", on_error={quoted(list(plan.graph.on_error))}" if plan.graph.on_error else ""
    if origin.live:
        return f'd4p.Workflow("a live graph", {fingerprint}, pickled=d4p.beside(__file__, "graph.pickle"){on_error})'
    source = quoted(f"{origin.module}:{origin.attribute}")
    if not origin.call:
        return f"d4p.Workflow({source}, {fingerprint}{on_error})"
    parameters = ", ".join(f"{quoted(k)}: {_parameter(k, v)}" for k, v in origin.parameters)
    return f"d4p.Workflow({source}, {fingerprint}, parameters={{{parameters}}}{on_error})"


def _declared(plan: Plan, stage: Stage) -> list[str]:
    """The lines by which a `main` declares a stage: its channels, and which of its PEs keep state."""
    keeping = [quoted(name) for name in stage.pes if plan.graph.by_name[name].state.keeps]
    arguments = [f"stage_{stage.number}", f"instances={count(stage.instances)}"]
    for name, channels in (("takes", plan.channels_into(stage)), ("sends", plan.channels_from(stage))):
        arguments += [f"{name}={listed(channels)}"] if channels else []
    state = f"state=[{', '.join(keeping)}]"
    if keeping:
        arguments.append(state if len(state) <= COLUMNS - 12 else f"state=[{filled(keeping, 8)}]")
    return broken("run.stage(", arguments, ")", COLUMNS - 4)


def _parameter(name: str, value: Any) -> str:
    try:
        return quoted(value)
    except TypeError as error:
        raise Refused(f"the parameter {name} is written into the program, and must be a plain value: None, a bool, a "
                      f"number, text, bytes, or a list, tuple, set or dict of them. {error}") from None


def count(instances: Instances) -> str:
    """Instances as an expression of the program."""
    known: dict[Instances, str] = {WIDTH: "run.width", TILES: "run.tiles"}
    return known.get(instances, str(instances))

