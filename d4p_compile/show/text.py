"""A plan as text: one line a stage, one a channel, then why neighbours are apart and why each count is what it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from ..ir.graph import TILES, WIDTH, Pe, counted
from ..ir.plan import Channel, Plan
from .limit import alone

#: No line is longer, where a name or a reason isn't.
COLUMNS = 100
#: In a graph of more PEs those with the same count for the same reason share a line.
MANY = 40
#: An output that feeds more inputs the same way has one line for them.
FAN = 12


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(plan: Plan) -> str:
    """`4 PEs in 2 stages, 1 exchange`, and how many of the exchanges lead back."""
    pes, stages, channels = len(plan.graph.pes), len(plan.stages), len(plan.channels)
    exchanges = plural(channels, "exchange") if channels else "no exchange"
    back = sum(channel.edge.back for channel in plan.channels)
    leading = f", {back:,} of them back" if back else ""
    return f"{plural(pes, 'PE')} in {plural(stages, 'stage')}, {exchanges}{leading}"


def outline(plan: Plan) -> list[str]:
    """The stages and what joins them; what stands in a program's docstring."""
    results = [(pe, f"{pe}.{port}") for pe, port in plan.graph.results()]
    count = max(len(stage.times) for stage in plan.stages)
    number = max(len(str(stage.number)) for stage in plan.stages)
    end = min(max([len(str(c)) for c in plan.channels] + [len(label) for _, label in results], default=0), COLUMNS // 2)
    of: dict[str, list[str]] = {}
    for pe, label in results:
        of.setdefault(pe, []).append(label)
    out = []
    for stage in plan.stages:
        head = f"stage {stage.number:>{number}} {stage.times:<{count}}  "
        pad = " " * len(head)
        first, *more = chain(stage.pes, COLUMNS - len(pad))
        out += [head + first, *(pad + line for line in more)]
        out += wrapped(f"{pad}native: ", str(stage.native)) if stage.native else []
        out += [f"{pad}{arrow:<{end}}  {exchange}" for arrow, exchange in _fan_outs(plan, plan.channels_from(stage))]
        out += [f"{pad}{label:<{end}}  result" for pe in stage.pes for label in of.get(pe, ())]
    return out


def _fan_outs(plan: Plan, channels: Sequence[Channel]) -> list[tuple[str, str]]:
    """(arrow, exchange) of each channel; those of one output that feeds very many inputs the same way share a line."""
    alike: dict[tuple[str, str, str], list[Channel]] = {}
    for channel in channels:
        alike.setdefault((channel.edge.source, channel.edge.output, described(plan, channel)), []).append(channel)
    out = []
    for (source, output, exchange), several in alike.items():
        if len(several) > FAN:
            first, last = several[0].edge, several[-1].edge
            out.append((f"{source}.{output} -> {first.dest}.{first.input} ... {last.dest}.{last.input}, "
                        f"{len(several):,} inputs", exchange))
        else:
            out += [(str(channel), exchange) for channel in several]
    return out


def described(plan: Plan, channel: Channel) -> str:
    """A channel's exchange, whether it leads back, the order that it keeps, and what it carries where its items have a
    schema."""
    exchange = channel.edge.exchange
    needs = f" (group-by {list(exchange.require)} met by one instance)" if exchange.require else ""
    return f"{exchange}{leading(channel)}{kept(plan, channel)}{needs}{carried(channel)}"


def kept(plan: Plan, channel: Channel) -> str:
    """` of runs` where runs of items are dealt to whichever instance; `, in order` where others keep the order of the
    sequential run over several instances."""
    return " of runs" if plan.deals(channel) else ", in order" if channel.places else ""


def leading(channel: Channel) -> str:
    """`, leads back` where a channel closes a cycle."""
    return ", leads back" if channel.edge.back else ""


def carried(channel: Channel) -> str:
    """`, columns n: int64`; or why there are none; nothing where items have no schema and aren't counted alone."""
    if channel.packed:
        return f", {channel.packed}"
    columns = listed([str(column) for column in channel.columns if column.label])
    return f", columns {columns}" if columns else ", counts of items" if channel.columns else ""


def chain(pes: Sequence[str], width: int, lines: int = 4) -> list[str]:
    """`read > split > count` on lines of about `width`; of a long chain its first PEs and its last."""
    whole = _broken(pes, width)
    if len(whole) <= lines:
        return whole
    head, tail = 1, 1
    while len(_broken(pes[: head + 1], width)) <= lines - 2:
        head += 1
    while tail < len(pes) - head and len(_broken(pes[-tail - 1 :], width - 2)) <= 1:
        tail += 1
    between = f"> ... {len(pes) - head - tail:,} more PEs ..."
    last, *more = _broken(pes[-tail:], width - 2)
    return [*_broken(pes[:head], width), between, f"> {last}", *more]


def _broken(pes: Sequence[str], width: int) -> list[str]:
    out = [pes[0]]
    for pe in pes[1:]:
        if len(out[-1]) + len(pe) + 3 > width:
            out.append(f"> {pe}")
        else:
            out[-1] += f" > {pe}"
    return out


def shortened(pes: Sequence[str], width: int) -> str:
    """A stage on one line of at most about `width`: `read > ... > show (1,000 PEs)`."""
    whole = " > ".join(pes)
    if len(whole) <= width:
        return whole
    middle = " > ... > " if len(pes) > 2 else " > "
    return f"{_cut(pes[0], width // 2)}{middle}{_cut(pes[-1], width // 2)} ({plural(len(pes), 'PE')})"


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 3]}..."


def listed(names: Sequence[str], most: int = 8) -> str:
    """`a, b, c`, of a long list the first and how many more."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 2])} and {len(names) - most + 2:,} more"


def wrapped(head: str, text: str, columns: int = COLUMNS) -> list[str]:
    """`text` behind `head`, broken between words, later lines under the first."""
    return textwrap.wrap(text, max(columns, len(head) + 40), initial_indent=head, subsequent_indent=" " * len(head),
                         break_long_words=False, break_on_hyphens=False) or [head.rstrip()]


def table(rows: Iterable[Sequence[str]], indent: str = "  ", columns: int = COLUMNS) -> list[str]:
    """Rows of cells, aligned two spaces apart; the last cell is wrapped."""
    rows = [list(row) for row in rows]
    if not rows:
        return []
    widths = [min(max(len(row[i]) for row in rows), columns // 2) for i in range(len(rows[0]) - 1)]
    out = []
    for *cells, last in rows:
        head = indent + "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        out += wrapped(head, last, columns)
    return out


def state(pe: Pe) -> str:
    """Whether a PE keeps state, and how that is known."""
    return f"keeps state: {pe.state.why}" if pe.state.keeps else "no state"


def explained(plan: Plan, pe: Pe) -> str:
    """Why a PE has its count, whether it keeps state, and what would make more of one."""
    if pe.because.startswith("keeps no state"):
        why = pe.because
    else:
        why = f"{pe.because} ({pe.state.why})" if pe.because.startswith("keeps state") else f"{pe.because}; {state(pe)}"
    return f"{why}; wider with {pe.remedy}" if pe.remedy and plan.can.wide else why


def times(instances) -> str:
    """`x4`, or `xW` or `xT` for what the engine knows."""
    return f"x{counted(instances)}"


def instances(plan: Plan) -> list[str]:
    """Every PE, or in a large graph every kind of PE, with its count and the reason for it."""
    graph = plan.graph
    large = len(graph.pes) > MANY
    kinds: dict[tuple[str, str], list[str]] = {}
    for pe in graph.pes:
        because = explained(plan, pe)
        for edge in graph.edges_in[pe.name] if large else ():
            because = because.replace(f" {edge.source} ", " its producer ")
        kinds.setdefault((times(pe.instances), because), []).append(pe.name)
    if large:
        rows = [(plural(len(names), "PE"), count, f"{because}: {listed(names)}")
                for (count, because), names in kinds.items()]
        return table(_most(rows, "kinds of PEs"))
    reason = {name: kind for kind, names in kinds.items() for name in names}
    return table((pe.name, *reason[pe.name]) for pe in graph.pes)


def on_error(plan: Plan) -> list[tuple[str, str]]:
    """(PEs, what becomes of items for which they fail) where that isn't the end of the run."""
    pes: dict[str, list[str]] = {}
    for pe in plan.graph.pes:
        if pe.on_error:
            pes.setdefault(pe.on_error, []).append(pe.name)
    return [(listed(names), policy) for policy, names in pes.items()]


def apart(plan: Plan) -> list[str]:
    """Why neighbours are not one stage; in a large plan those apart for the same reason share a line."""
    if len(plan.apart) <= MANY:
        return table(plan.apart)
    kinds: dict[str, list[str]] = {}
    for pair, reason in plan.apart:
        source, _, dest = pair.partition(" | ")
        for name, role in ((source, "the producer"), (dest, "the consumer")):
            reason = f" {reason}".replace(f" {name} x", f" {role} x").lstrip()
        kinds.setdefault(reason, []).append(pair)
    rows = [(pairs[0] if len(pairs) == 1 else f"{pairs[0]} and {len(pairs) - 1:,} more pairs", reason)
            for reason, pairs in kinds.items()]
    return table(_most(rows, "reasons"))


def _most(rows: list[tuple[str, ...]], what: str) -> list[tuple[str, ...]]:
    """The first rows, and a last one that says how many there are besides."""
    if len(rows) <= MANY:
        return rows
    more = f"{len(rows) - MANY + 1:,} more {what}: --format json"
    return [*rows[: MANY - 1], ("...", *[""] * (len(rows[0]) - 2), more)]


TILES_ARE = "tiles of pairs, at least 36 and 4 for each core, which are shared out while others are worked on"


def limit(plan: Plan) -> list[str]:
    """A line on the stages that are likely to be the limit, if there are some."""
    found = [f"stage {stage.number} ({stage.title})" for stage in alone(plan)]
    each = " each" if len(found) > 1 else ""
    return [f"the limit, likely: {listed(found)}, one instance{each} beside wide ones"] if found else []


def text(plan: Plan, here: int | None = None) -> str:
    """The whole plan; `here` is the width that a run would have on this machine, where it is to be shown."""
    out = [f"{plan.graph.name} for {plan.target}: {size(plan)}", "", *outline(plan)]
    if any(stage.instances == WIDTH for stage in plan.stages):
        number = f" ({here} on this machine)" if here else ""
        out += ["", *wrapped("", f"W is known when the program starts: {plan.can.width}{number}")]
    if any(stage.instances == TILES for stage in plan.stages):
        out += ["", *wrapped("", f"T is known when the program starts: {TILES_ARE}")]
    for line in limit(plan):
        out += ["", *wrapped("", line)]
    if plan.apart:
        out += ["", "apart", *apart(plan)]
    out += ["", "instances", *instances(plan)]
    if policies := on_error(plan):
        out += ["", "on error", *table(policies)]
    notes = [*plan.graph.warnings, *plan.notes]
    if notes:
        out += ["", *(line for note in notes for line in wrapped("note: ", note))]
    return "\n".join(out)
