"""The Python API: load, plan, compile, run. The command line does nothing that isn't here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d4p.describe import uncaught
from d4p.describe.tracebacks import also_ours
from d4p.errors import Refused
from d4p.frozen import dataclass
from d4p.graph.workflow_graph import WorkflowGraph

from . import choose
from .front.convert import to_graph
from .front.load import Loaded, live
from .front.load import load as load_module
from .ir.graph import Graph
from .ir.plan import Plan
from .passes import Options, run_passes
from .targets import canonical, running_cycles
from .targets import target as target_of

if TYPE_CHECKING:  # a plan needs neither
    from d4p.workflow.results import Results

    from .bundle.bundle import Bundle

uncaught.tell()
also_ours(os.path.dirname(__file__))
Workflow = str | Path | WorkflowGraph


@dataclass(frozen=True)
class Source:
    """A loaded workflow: the user's objects and the logical graph made of them."""

    loaded: Loaded
    graph: Graph


def load(workflow: Workflow | Source, attribute: str | None = None,
         parameters: Mapping[str, Any] | None = None, on_error: Sequence[str] = ()) -> Source:
    """Load a workflow: a file, a module, either with `:attribute`, or a WorkflowGraph at hand. `on_error` says what
    becomes of items for which PEs fail, as `--on-error` does: `["skip", "read=retry:3"]`.

    Raises Refused, saying what must be and what was found.
    """
    if isinstance(workflow, Source):
        return replace(workflow, graph=to_graph(workflow.loaded, on_error)) if on_error else workflow
    if isinstance(workflow, (str, Path)):
        loaded = load_module(str(workflow), attribute, parameters)
    else:
        loaded = live(workflow)
    return Source(loaded, to_graph(loaded, on_error))


def plan(workflow: Workflow | Source, target: str = "sequential", width: int | None = None, *,
         attribute: str | None = None, parameters: Mapping[str, Any] | None = None, fuse: bool | None = None,
         on_error: Sequence[str] = (), watch: Callable[[str, Any], None] | None = None) -> Plan:
    """The plan of a workflow for a target; needs no engine.

    `width` is `-n`: how many things may be done at once, where None is for the engine to say. `fuse=True` keeps PEs
    with what feeds them where that is one instance, and False leaves all of them apart.

    `spark` is spark-rdd or spark-df, whichever is faster for the plan; a note of the plan says why.
    """
    source = load(workflow, attribute, parameters, on_error)

    def made_for(name: str, watch: Callable[[str, Any], None] | None = None) -> Plan:
        can = target_of(name).can
        options = Options(canonical(name), width, fuse, can, () if can.cycles else running_cycles())
        return run_passes(source.graph, options, watch)

    if target != "spark":
        return made_for(target, watch)
    chosen, why = choose.spark(made_for(choose.DATAFRAME))
    made = made_for(chosen, watch)
    return replace(made, notes=(*made.notes, why))


def compile(workflow: Workflow | Source, target: str = "sequential", width: int | None = None, *,  # noqa: A001
            output: str | Path | None = None, attribute: str | None = None, parameters: Mapping[str, Any] | None = None,
            include: Iterable[str | Path] = (), overwrite: bool = False, fuse: bool | None = None,
            on_error: Sequence[str] = ()) -> Bundle:
    """Write the bundle of a workflow into a folder: script, plan, runtime zip, the workflow's own modules.

    Raises Refused for a live graph, which has no module that could travel with the program.
    """
    from .bundle.bundle import LONGEST, write_bundle
    from .bundle.folder import check_place

    if output:  # refused before the workflow is imported
        check_place(Path(os.path.expanduser(output)), overwrite)
    source = load(workflow, attribute, parameters, on_error)
    if source.loaded.origin.live:
        raise Refused("a live graph can't be compiled: a program imports its PEs from a module. Put the workflow in a "
                      "file and give its path, or `run` the graph, which pickles it")
    made = plan(source, target, width, fuse=fuse)
    folder = Path(os.path.expanduser(output)) if output else Path(f"{made.graph.name[:LONGEST]}-{made.target}")
    return write_bundle(made, source.loaded, folder, include=[Path(p) for p in include], overwrite=overwrite)


def run(workflow: Workflow | Source, target: str = "sequential", width: int | None = None, *,
        inputs: Mapping[str, Any] | int | None = None, output: str | Path | None = None, overwrite: bool = False,
        resume: bool = False, limit: int | None = None, recover: bool = False, check: bool = False,
        options: Iterable[str] = (), attribute: str | None = None, parameters: Mapping[str, Any] | None = None,
        include: Iterable[str | Path] = (), fuse: bool | None = None, on_error: Sequence[str] = (),
        quiet: bool = True, progress: bool | None = None) -> Results:
    """Compile a workflow, run the program in the current folder, and give its results.

    Args:
        width: how many things may be done at once, as `-n`; None is for the engine to say.
        inputs: number of iterations of each root, or `{root: items}` as in `-d`; keys may be the PEs themselves.
        output: also write all results there, a folder or a URL.
        overwrite: replace what an earlier run wrote.
        resume: go on with what an earlier run of the same plan on the same input wrote.
        limit: take the first so many items of every root.
        recover: start workers that die again, where they keep no state, and go on; `processes` target only.
        check: find PEs that change what they wrote; sequential target only.
        options: further options of the program.
        fuse: True to keep PEs with what feeds them where that is one instance, False to leave all of them apart.
        on_error: what becomes of items for which PEs fail, as `load` takes it.
        quiet: keep what the program prints from the terminal.
        progress: show how far the run is; None for in notebooks alone.

    Returns:
        `{(PE, port): items}`, read lazily. A PE may be given by its name in the plan, its id, or as itself, and without
        the port where it has one result: `results["Count", "output"]`, `results[count]`.

    Raises:
        Refused, RunFailed: with what the program said.
    """
    from d4p.program.options import words

    from .launch.execute import check_checks, run_for_results

    if check:
        check_checks(target)
    source = load(workflow, attribute, parameters, on_error)
    made = plan(source, target, width, fuse=False if check else fuse)
    where = f"file://{output.absolute()}" if isinstance(output, Path) else output
    given = {"output": where, "limit": limit, "overwrite": overwrite, "resume": resume, "recover": recover,
             "check": check}
    return run_for_results(source.loaded, made, inputs, [*words(given), *options],
                           [Path(p) for p in include], quiet, progress)
