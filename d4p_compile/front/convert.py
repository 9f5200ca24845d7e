"""From the user's objects to the logical IR: the only place that looks into PEs besides the analysis."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from d4p.errors import Refused
from d4p.graph.copies import held
from d4p.graph.core import is_reader
from d4p.graph.flatten import flatten
from d4p.graph.labels import fingerprint, labels, one_line
from d4p.graph.policies import DeadLetter, Fail, Isolation, LeftOut, Policy, state_copied
from d4p.items.schema import schema_of
from d4p.workflow.policies import isolated, policies

from ..analysis.aggregates import aggregate_of
from ..analysis.batches import has_batches, has_singly, takes_batches
from ..analysis.calls import call_style, may_write, overrides_write, writes_keywords
from ..analysis.inline import written_out
from ..analysis.state import kept_elsewhere, state_of
from ..ir.graph import MOST, PAIRS, Call, Edge, Graph, Grouping, Pe, Port, Request, State
from .load import Loaded
from .unmade import refuse_unmade

#: Why an engine doesn't do the work of an aggregate that has a policy.
BY_ITEM = "what fails in it, or takes too long, is to be one item"


def to_graph(loaded: Loaded, on_error: Sequence[str] = ()) -> Graph:
    """Flatten the loaded graph and describe it; `on_error` is what the command line says of items for which PEs fail.
    Raises Refused for an unknown grouping, a bad count, or a policy that makes no sense."""
    flat = flatten(loaded.graph)
    names = labels(flat)
    by_name = {names[pe.id]: pe for pe in flat.pes}
    chosen, apart = policies(flat, by_name, on_error), isolated(by_name)
    fused = {id(pe) for pe in flat.fused}
    _refuse_batches_alone(flat.edges)
    edges = tuple(
        Edge(names[e.source.id], plain(e.output), names[e.dest.id], plain(e.input), one_line(_short(e.where)))
        for e in flat.edges
    )
    pes = tuple(_pe(pe, name, chosen.get(name), apart.get(name), id(pe) in fused) for name, pe in by_name.items())
    keeping = [pe for pe in pes if pe.name in chosen and pe.state.keeps]
    stays = tuple(f"{pe.name} keeps state ({pe.state.why}): what it changes for an item before it fails at that stays, "
                  f"though the item doesn't count ({pe.on_error})"
                  + ("" if pe.name in apart else "; copy_state=True puts it back")
                  for pe in keeping if not state_copied(chosen[pe.name]))
    for pe in keeping:
        if state_copied(chosen[pe.name]) and (why := kept_elsewhere(by_name[pe.name])):
            raise Refused(f"copy_state of {pe.name} ({pe.class_name}) can't put back what it keeps: {why}, which is no "
                          "attribute of its own. Keep it in self")
    goes = tuple(f"{pe.name} keeps state ({pe.state.why}): it is lost where an item ends its process, which starts "
                 "anew for the next one" for pe in keeping if pe.name in apart)
    return Graph(
        name=_name(loaded),
        pes=pes,
        edges=edges,
        partitions=tuple(tuple(names[pe.id] for pe in part) for part in flat.partitions),
        composites=tuple((one_line(label), tuple(names[pe.id] for pe in inner)) for label, inner in flat.composites),
        origin=loaded.origin,
        on_error=tuple(on_error),
        fingerprint=fingerprint(flat),
        warnings=(*map(_without_folders, flat.warnings), *stays, *goes),
    )


def _without_folders(text: str) -> str:
    """`/home/me/flows/wf.py:12` as `wf.py:12`: a plan is the same on every machine."""
    return re.sub(r"(?:[A-Za-z]:)?[/\\](?:[^\s/\\]+[/\\])*([^\s/\\]+\.py:\d+)", r"\1", text)


def _name(loaded: Loaded) -> str:
    return one_line(loaded.origin.module.rsplit(".", 1)[-1] or "live graph")


def plain(name: Any) -> Any:
    """A port or field as an exact str or int: what others than their types print may be anything."""
    if isinstance(name, str):
        return str.__str__(name)
    return int(name) if isinstance(name, int) else name


def _short(where: str) -> str:
    return where.replace("\\", "/").rsplit("/", 1)[-1]


def _pe(pe: Any, name: str, policy: Policy | None, isolation: Isolation | None, fused: bool) -> Pe:
    state = state_of(pe)
    reader, pairs = is_reader(pe), _makes_pairs(pe)
    aggregate = aggregate_of(pe)
    return Pe(
        id=pe.id,
        name=name,
        cls=one_line(f"{type(pe).__module__}.{type(pe).__qualname__}"),
        inputs=tuple(Port(plain(port), _of_pairs(pe, how) if pairs else _grouping(pe, port, how),
                          pe.within if pairs else ()) for port, how in pe.inputconnections.items()),
        outputs=tuple(map(plain, pe.outputconnections)),
        kind="reader" if reader else "pairs" if pairs else "pe",
        request=Request(_asked(pe) if pe._d4p_asked or pe.numprocesses != 1 else None, bool(pe.single),
                        fused or (False if pe.fuse is False else None)),
        state=State(state.keeps, state.why, bool(pe.any_order), bool(pe.partial), tuple(held(pe))),
        call=_call(pe, reader, policy, isolation),
        schemas=tuple((plain(port), schema) for port, how in pe.outputconnections.items() if (schema := _schema(how))),
        aggregate=aggregate if not (policy or isolation) or aggregate is None else replace(aggregate, unlike=BY_ITEM),
        on_error=", ".join(map(str, filter(None, (policy or Fail(), isolation)))) if policy or isolation else "",
    )


def _makes_pairs(pe: Any) -> bool:
    """Whether it is one of the library's that make pairs, which is imported where a workflow has one."""
    library = sys.modules.get("d4p.library.pairs")
    return library is not None and isinstance(pe, (library.AllPairs, library.PairsBetween))


def _call(pe: Any, reader: bool, policy: Policy | None, isolation: Isolation | None) -> Call:
    style = "producer" if reader else "process" if overrides_write(pe) else call_style(pe)
    output = getattr(pe, "OUTPUT_NAME", "output")
    if style in ("iterative", "producer") and output not in pe.outputconnections:
        style = "process"
    refuse_unmade(pe)
    declared = getattr(pe, "writes", None)
    writes = False if reader else declared if isinstance(declared, bool) else may_write(pe)
    by_loop = style in ("iterative", "producer", "consumer") and not (isolation or reader) and (
        not writes or len(pe.outputconnections) == 1)
    tried = by_loop and isinstance(policy, LeftOut) and not policy.copy_state
    return Call(
        style=style,
        output=output,
        writes=writes,
        keywords=not reader and writes_keywords(pe),
        returns=written_out(pe) if style == "iterative" and declared is not True and not (policy or isolation) else "",
        batches=takes_batches(pe) and not isolation,
        tried=tried,
        copied=tried and isinstance(policy, DeadLetter),
    )


def _schema(settings: Any) -> Any:
    return schema_of(settings) if isinstance(settings, Mapping) else None


def _asked(pe: Any) -> int:
    count = pe.numprocesses
    if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
        raise Refused(f"numprocesses of {pe.id} ({type(pe).__name__}) must be a number from 1; it is {count!r}")
    if count > MOST:
        raise Refused(f"numprocesses of {pe.id} ({type(pe).__name__}) must be {MOST:,} at most, since each instance "
                      f"takes memory; it is {count:,}")
    return int(count)


def _of_pairs(pe: Any, settings: Any) -> Grouping:
    if settings["grouping"] not in PAIRS:
        raise Refused(f"{pe.id} ({type(pe).__name__}) has the grouping {settings['grouping']!r} for its input, and "
                      "needs its own: it decides itself which instance gets an item. To pair only items that agree in "
                      "a field, give it within=")
    return Grouping(settings["grouping"], tuple(map(plain, pe.order_by)))


def _refuse_batches_alone(edges: Any) -> None:
    """Raises Refused where tiles go to a PE that takes nothing else, and may get pairs one by one."""
    for edge in edges:
        pe = edge.dest
        if _makes_pairs(edge.source) and has_batches(pe) and not has_singly(pe):
            raise Refused(f"{pe.id} ({type(pe).__name__}) has a process_batch and neither process nor _process: it must"
                          " have one of them too, which is called where items come one by one")


def _grouping(pe: Any, port: str, settings: Any) -> Grouping:
    grouping = settings.get("grouping") if isinstance(settings, dict) else None
    if grouping is None:
        return Grouping()
    if grouping in ("all", "global"):
        return Grouping(grouping)
    if isinstance(grouping, (list, tuple)) and grouping and all(_is_field(f) for f in grouping):
        return Grouping("by", tuple(map(plain, grouping)))
    close = difflib.get_close_matches(str(grouping), ["all", "global"], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise Refused(
        f"the grouping of {pe.id}.{port} ({type(pe).__name__}) is {grouping!r}: it must be a list of indexes or names "
        f'(group-by, such as [0] or ["station"]), "all" or "global"{hint}'
    )


def _is_field(field: Any) -> bool:
    return isinstance(field, (int, str)) and not isinstance(field, bool)
