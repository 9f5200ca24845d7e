"""`d4p plan --passes`: what each pass did, as the difference between what it got and what it gave."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from ..ir.graph import Graph
from ..ir.plan import Plan
from ..passes import PASSES
from .text import apart, carried, chain, leading, plural, table, times, wrapped

#: Of a longer list the first lines are shown.
MOST_LINES = 40

IR = Graph | Plan


class Steps:
    """Called by `run_passes` with each pass's name and result; `text()` tells what happened."""

    def __init__(self) -> None:
        self._seen: list[tuple[str, IR]] = []

    def __call__(self, name: str, ir: IR) -> None:
        self._seen.append((name, ir))

    def text(self) -> str:
        """A heading for each pass, numbered from 1, and below it what it changed."""
        name, graph = self._seen[0]
        assert isinstance(graph, Graph), "the first step is to load it"
        size = f"{plural(len(graph.pes), 'PE')}, {plural(len(graph.edges), 'edge')}"
        out = [f"0 {name}: {size}", *_elided(_loaded(graph))]
        for number, ((_, before), (name, after)) in enumerate(zip(self._seen, self._seen[1:], strict=False), 1):
            changes = list(difference(before, after))
            out += ["", *wrapped(f"{number} {name}: ", _purpose(name))]
            for title, lines in changes:
                out += [f"  {title}", *(f"  {line}" for line in _elided(lines))]
            if not changes:
                out.append("  nothing to change")
        return "\n".join(out)


def difference(before: IR, after: IR) -> Iterator[tuple[str, Sequence[str]]]:
    """(title, lines) for everything that differs between two IRs, the earlier one a graph or a plan."""
    old, new = _graph(before), _graph(after)
    counts = [(pe.name, f"{times(was.instances)} -> {times(pe.instances)}" if was.instances else times(pe.instances),
               pe.because)
              for was, pe in zip(old.pes, new.pes, strict=True)
              if (was.instances, was.because) != (pe.instances, pe.because)]
    if counts:
        yield "instances", table(counts)
    back = [str(edge) for then, edge in zip(old.edges, new.edges, strict=True) if edge.back and not then.back]
    if back:
        yield "edges that lead back", [f"  {edge}" for edge in back]
    exchanges = [(str(edge), str(new.by_name[edge.dest].port(edge.input).grouping), f"-> {edge.exchange}")
                 for then, edge in zip(old.edges, new.edges, strict=True) if then.exchange != edge.exchange]
    if exchanges:
        yield "exchanges, from what each input requires", table(exchanges)
    if isinstance(after, Plan):
        yield from _stages(before, after)
    notes = _new(_notes(before), _notes(after))
    if notes:
        yield "notes", [line for note in notes for line in wrapped("  ", note)]


def _stages(before: IR, after: Plan) -> Iterator[tuple[str, Sequence[str]]]:
    then = before.stages if isinstance(before, Plan) else ()
    if then != after.stages:
        was = f"{plural(len(then), 'stage')} -> " if then and len(then) != len(after.stages) else ""
        title = f"{was}{plural(len(after.stages), 'stage')}"
        if isinstance(before, Plan) and len(before.channels) != len(after.channels):
            title += f", {plural(len(before.channels), 'channel')} -> {len(after.channels)}"
        yield title, _stage_lines(after)
    if after.apart and (not isinstance(before, Plan) or before.apart != after.apart):
        yield "apart because", apart(after)
    then = before.channels if isinstance(before, Plan) else ()
    if any(c.number for c in after.channels) and then != after.channels:
        yield "channels", table((str(c.number), str(c), f"{c.edge.exchange}{leading(c)}{carried(c)}")
                                for c in after.channels)


def _stage_lines(plan: Plan) -> list[str]:
    rows = []
    for stage in plan.stages:
        cells = [str(stage.number)] if stage.number else []
        ordered = ["in order" if stage.ordered else ""] if any(s.ordered for s in plan.stages) else []
        native = f" (native: {stage.native})" if stage.native else ""
        rows.append([*cells, stage.times, *ordered, " ".join(chain(stage.pes, 80, lines=3)) + native])
    return table(rows)


def _loaded(graph: Graph) -> list[str]:
    rows = []
    for pe in graph.pes:
        asks = ["root"] if graph.is_root(pe.name) else []
        asks += [f"asks for {pe.request.instances}"] if pe.request.instances is not None else []
        asks += ["single"] if pe.request.single else []
        asks += [f"{port.name}: {port.grouping}" for port in pe.inputs if port.grouping.kind != "none"]
        asks += [f"keeps state: {pe.state.why}"] if pe.state.keeps else ["no state"]
        rows.append((pe.name, pe.class_name, "; ".join(asks)))
    return table(rows)


def _elided(lines: Sequence[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return list(lines)
    return [*lines[: MOST_LINES - 1], f"  ... and {len(lines) - MOST_LINES + 1:,} lines more"]


def _purpose(name: str) -> str:
    step = next((p for p in PASSES if p.__name__ == name), None)
    doc = sys.modules[step.__module__].__doc__ if step else None
    return (doc or "").strip().split("\n", 1)[0]


def _graph(ir: IR) -> Graph:
    return ir.graph if isinstance(ir, Plan) else ir


def _notes(ir: IR) -> tuple[str, ...]:
    return (*_graph(ir).warnings, *(ir.notes if isinstance(ir, Plan) else ()))


def _new(old: Sequence[str], new: Sequence[str]) -> list[str]:
    return [note for note in new if note not in old]
