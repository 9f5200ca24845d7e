"""The code of one stage: a function that wires its PEs into plain calls and loops.

A hop whose producer only returns is written inline, so a chain is one flat loop whatever its length;
a producer that may call `write` gets a function for what follows it. Counters are plain integers: they
give the item number in an error message and the items on each edge in the summary. A chain counts what
enters it and what its PEs drop; the rest is a difference.
"""

from __future__ import annotations

import textwrap

from ..ir.graph import Pe
from ..ir.plan import Plan, Stage
from .names import identifier, in_docstring, quoted, variables

#: More functions than this calling one another in a row would strain the interpreter's stack.
DEEP = 30
WIDTH = 118


def stage_function(plan: Plan, stage: Stage) -> str:
    """The source of `stage_<number>(stage)`, without a trailing newline."""
    return "\n".join(_Writer(plan, stage).lines())


class _Writer:
    """Collects the text of one stage function."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.plan, self.stage, self.graph = plan, stage, plan.graph
        self.var = variables(plan, stage)
        self.inside = set(stage.pes)
        self._given: dict[tuple, str] = {("pe", name): var for name, var in self.var.items()}
        self._taken = set(self.var.values())
        self.to = {
            c.edge.key: self._name("to", *c.edge.key, base=f"to_{identifier(c.edge.dest)}")
            for c in plan.channels_from(stage)
        }
        self.needs = {
            hop.key: self._name("needs", *hop.key, base=f"needs_of_{self.var[hop.dest]}")
            for hop in plan.hops(stage) if hop.exchange.require
        }
        self.batched = self._batched_ports()
        self.inlined: set[str] = {name for name in stage.pes if self._is_inlined(name)}
        self.counted = self._counted_ports()
        self.deep = self._depth() > DEEP

    # What is written how

    def _hops_into(self, name: str) -> list:
        return [e for e in self.graph.edges_in[name] if self._is_hop(e)]

    def _is_hop(self, edge) -> bool:
        return edge.source in self.inside and edge.dest in self.inside and not edge.back

    def _is_inlined(self, name: str) -> bool:
        """Its only producer stands before it in this stage, only returns, and feeds nobody else."""
        edges = self.graph.edges_in[name]
        if len(edges) != 1 or not self._is_hop(edges[0]):
            return False
        producer = self.graph.by_name[edges[0].source]
        return (
            producer.style in ("iterative", "producer")
            and not self._gives_batches(producer)
            and not producer.writes
            and edges[0].output == producer.output
            and len([e for e in self.graph.edges_out[producer.name] if e.output == edges[0].output]) == 1
        )

    def _batched_ports(self) -> set[tuple[str, str]]:
        """Input ports that get batches: of PEs that take them, behind ones that give them."""
        self.batched: set[tuple[str, str]] = set()
        for name in self.stage.pes:
            for edge in self._hops_into(name) if self.graph.by_name[name].batches else ():
                if self._gives_batches(self.graph.by_name[edge.source]) and edge.key not in self.needs:
                    self.batched.add((name, edge.input))
        return self.batched

    def _gives_batches(self, pe: Pe) -> bool:
        return pe.kind == "pairs" or any(name == pe.name for name, _ in self.batched)

    def _counted_ports(self) -> set[tuple[str, str]]:
        """Output ports whose items nobody else counts: all their consumers are hops into a fan-in."""
        ports = set()
        for name in self.stage.pes:
            for port in self.graph.by_name[name].outputs:
                edges = [e for e in self.graph.edges_out[name] if e.output == port]
                if edges and all(self._is_hop(e) and len(self.graph.edges_in[e.dest]) > 1 for e in edges):
                    ports.add((name, port))
        return ports

    def _depth(self) -> int:
        depth: dict[str, int] = {}
        for name in self.stage.pes:
            above = [depth[e.source] for e in self._hops_into(name)]
            depth[name] = max(above, default=0) + (name not in self.inlined)
        return max(depth.values())

    # The text

    def lines(self) -> list[str]:
        out = [f"def stage_{self.stage.number}(stage):", f'    """{in_docstring(self.stage.title)}"""']
        out += self._take()
        targets = self._targets()
        out += [f"    {name} = {expression}" for name, expression in targets]
        out += _wrapped("    ", self._counters(), " = 0", " = ")
        for name in self.stage.pes:
            if name not in self.inlined:
                out += ["", *self._function(name)]
            out += self._fan_outs(name)
            out += self._batch_functions(name)
        received = self._differences()
        out += received and ["", *received]
        out += ["", *self._wiring(), *self._ready()]
        return out

    def _counters(self) -> list[str]:
        """What enters each chain, what is dropped in it, and what nobody else counts."""
        entering = [self._count(name) for name in self.stage.pes if name not in self.inlined]
        dropped = [self._dropped(name) for name in self.stage.pes if self._may_drop(name)]
        return [*entering, *dropped, *(self._counter(*port) for port in sorted(self.counted))]

    def _may_drop(self, name: str) -> bool:
        """What it returns goes on in the same loop, unless that is None."""
        return self._next_inlined(name) is not None and self.graph.by_name[name].kind != "reader"

    def _targets(self) -> list[tuple[str, str]]:
        """Names for what leaves the stage: channels and results."""
        found = []
        for channel in self.plan.channels_from(self.stage):
            found.append((self.to[channel.edge.key], self._channel(channel)))
        for hop in self.plan.hops(self.stage):
            if hop.key in self.needs:
                fields = quoted(list(hop.exchange.require))
                found.append((self.needs[hop.key], f"stage.needs({quoted(str(hop))}, {fields})"))
        for pe, port in self.graph.results():
            if pe in self.inside:
                found.append((self._result(pe, port), f"stage.result({self.var[pe]}, {quoted(port)})"))
        for name in self.stage.pes:
            pe = self.graph.by_name[name]
            if pe.style in ("inputs", "process") and pe.outputs and pe.kind != "pairs":
                found.append((self._send(name), f"stage.sender({self.var[name]})"))
            if pe.outputs and any(name == batched for batched, _ in self.batched):
                found.append((self._send_batches(name), f"stage.batch_sender({self.var[name]})"))
        return found

    @staticmethod
    def _channel(channel) -> str:
        exchange = channel.edge.exchange
        arguments = [str(channel.number), quoted(str(channel)), quoted(exchange.kind)]
        if exchange.fields:
            arguments.append(quoted(list(exchange.fields)))
        if exchange.require:
            arguments.append(f"needs={quoted(list(exchange.require))}")
        return f"stage.to({', '.join(arguments)})"

    def _take(self) -> list[str]:
        """The PEs by name; a long list goes over several lines, as a formatter would have it."""
        names = [self.var[name] for name in self.stage.pes]
        arguments = [quoted(name) for name in self.stage.pes]
        left = f"({names[0]},)" if len(names) == 1 else ", ".join(names)
        one = f"    {left} = stage.take({', '.join(arguments)})"
        if len(one) <= WIDTH:
            return [one]
        return [f"    pes = stage.take({_filled(arguments)})", f"    ({_filled(names)}) = pes"]

    def _name(self, *key: str, base: str) -> str:
        """A name of its own for each key: `base`, or `base_2` where that is taken."""
        if key not in self._given:
            name, number = base, 2
            while name in self._taken:
                name, number = f"{base}_{number}", number + 1
            self._given[key] = name
            self._taken.add(name)
        return self._given[key]

    def _entry(self, pe: str, port: str | None) -> str:
        """The name of the function that takes the items of a PE's port (None: the items of a root)."""
        if port is None or len({e.input for e in self.graph.edges_in[pe]}) == 1:
            return self._name("into", pe, base=f"into_{self.var[pe]}")
        return self._name("into", pe, port, base=f"into_{self.var[pe]}_{identifier(str(port))}")

    def _count(self, pe: str) -> str:
        return self._name("count", pe, base=f"n_{self.var[pe]}")

    def _dropped(self, pe: str) -> str:
        return self._name("dropped", pe, base=f"dropped_{self.var[pe]}")

    @property
    def _received(self) -> str:
        return self._name("received", base="received")

    def _send(self, pe: str) -> str:
        return self._name("send", pe, base=f"send_{self.var[pe]}")

    def _send_batches(self, pe: str) -> str:
        return self._name("send batches", pe, base=f"send_batches_of_{self.var[pe]}")

    def _batch_entry(self, pe: str, port: str) -> str:
        """The name of the function that takes a batch of a PE's port."""
        return self._name("batch into", pe, port, base=f"{self._entry(pe, port)}_batch")

    def _result(self, pe: str, port: str) -> str:
        alone = len(self.graph.by_name[pe].outputs) == 1
        base = f"result_{self.var[pe]}"
        return self._name("result", pe, port, base=base if alone else f"{base}_{identifier(str(port))}")

    def _counter(self, pe: str, port: str) -> str:
        return self._name("counter", pe, port, base=f"n_{self.var[pe]}_{identifier(str(port))}")

    def _consumers(self, pe: str, port: str) -> list[str]:
        """The functions that take one item of an output port, in order of connection."""
        calls = []
        for edge in self.graph.edges_out[pe]:
            if edge.output == port:
                calls.append(self.to[edge.key] if edge.key in self.to else self._entry(edge.dest, edge.input))
        return calls or [self._result(pe, port)]

    def _out(self, pe: str, port: str) -> str:
        """The function to call with one item written to an output port."""
        calls = self._consumers(pe, port)
        if len(calls) == 1 and (pe, port) not in self.counted and not self._required(pe, port):
            return calls[0]
        return self._name("out", pe, port, base=f"{self.var[pe]}_{identifier(str(port))}")

    def _required(self, pe: str, port: str) -> list:
        """The hops of a port to a PE that groups by fields, though it is one instance: items must have them."""
        return [e for e in self.graph.edges_out[pe] if e.output == port and e.key in self.needs]

    def _fan_outs(self, name: str) -> list[str]:
        out = []
        for port in self.graph.by_name[name].outputs:
            function = self._out(name, port)
            calls = self._consumers(name, port)
            if function == calls[0]:
                continue
            out += ["", f"    def {function}(item):"]
            if (name, port) in self.counted:
                counter = self._counter(name, port)
                out += [f"        nonlocal {counter}", f"        {counter} += 1"]
            out += [f"        {self.needs[edge.key]}(item)" for edge in self._required(name, port)]
            if len(calls) > 1:
                out.append(f"        # {len(calls)} consumers: each gets an item of its own")
            out += [f"        {call}(stage.own(item))" for call in calls[:-1]]
            out.append(f"        {calls[-1]}(item)")
        return out

    # Batches

    def _batch_functions(self, name: str) -> list[str]:
        """The functions that take a whole batch of a PE's items, and hand on the batches it gives."""
        out, pe = [], self.graph.by_name[name]
        for port in dict.fromkeys(port for batched, port in sorted(self.batched) if batched == name):
            count = self._count(name)
            call = f"{self.var[name]}.process_batch({{{quoted(port)}: batch}})"
            out += ["", f"    def {self._batch_entry(name, port)}(batch):", f"        nonlocal {count}",
                    f"        {count} += len(batch)",
                    f"        {self._send_batches(name)}({call})" if pe.outputs else f"        {call}"]
        for port in pe.outputs if self._hands_on_batches(pe) else ():
            function = self._out_batch(name, port)
            if not self._is_batch_entry(name, port):
                out += ["", f"    def {function}(batch):", *self._fan_out_batch(name, port)]
        return out

    def _hands_on_batches(self, pe: Pe) -> bool:
        """Whether what a PE gives as batches goes on so: pairs that nobody takes in tiles are written one by one."""
        takers = [e for e in self.graph.edges_out[pe.name] if self._is_hop(e) and (e.dest, e.input) in self.batched]
        return bool(takers) if pe.kind == "pairs" else self._gives_batches(pe)

    def _out_batch(self, pe: str, port: str) -> str:
        """The function to call with a batch of an output port's items."""
        if self._is_batch_entry(pe, port):
            (edge,) = self._edges(pe, port)
            return self._batch_entry(edge.dest, edge.input)
        return self._name("out batch", pe, port, base=f"{self.var[pe]}_{identifier(str(port))}_batch")

    def _is_batch_entry(self, pe: str, port: str) -> bool:
        edges = self._edges(pe, port)
        alone = len(edges) == 1 and (pe, port) not in self.counted
        return alone and self._is_hop(edges[0]) and (edges[0].dest, edges[0].input) in self.batched

    def _edges(self, pe: str, port: str) -> list:
        return [edge for edge in self.graph.edges_out[pe] if edge.output == port]

    def _fan_out_batch(self, pe: str, port: str) -> list[str]:
        """A batch to all consumers of a port: as a batch, or to those that take no batches item by item."""
        out, one_by_one = [], []
        if (pe, port) in self.counted:
            counter = self._counter(pe, port)
            out += [f"        nonlocal {counter}", f"        {counter} += len(batch)"]
        for edge in self._edges(pe, port):
            if self._is_hop(edge) and (edge.dest, edge.input) in self.batched:
                out.append(f"        {self._batch_entry(edge.dest, edge.input)}(batch)")
                continue
            if edge.key in self.needs:
                one_by_one.append(f"            {self.needs[edge.key]}(item)")
            call = self.to[edge.key] if edge.key in self.to else self._entry(edge.dest, edge.input)
            one_by_one.append(f"            {call}(stage.own(item))")
        if not self._edges(pe, port):
            one_by_one.append(f"            {self._result(pe, port)}(stage.own(item))")
        return [*out, *(["        for item in batch:", *one_by_one] if one_by_one else [])]

    def _function(self, name: str) -> list[str]:
        """The function(s) that take the items of one PE, with the flat tail of what is inlined after it."""
        ports = list(dict.fromkeys(e.input for e in self.graph.edges_in[name])) or [None]
        out = []
        for port in ports:
            if out:
                out.append("")
            hops = [e for e in self._hops_into(name) if e.input == port]
            loop = not hops
            entry = self._entry(name, port)
            if self.deep and not loop:
                out.append("    @stage.bounded")
            out.append(f"    def {entry}({'items' if loop else 'item'}):")
            pad = "            " if loop else "        "
            body = self._body(name, port, pad, "continue" if loop else "return")
            counters = sorted({line.strip().split()[0] for line in body if line.endswith(" += 1")})
            out += _wrapped("        nonlocal ", counters)
            if loop:
                out.append("        for item in items:")
            out += body
        return out

    def _body(self, name: str, port: str | None, pad: str, leave: str) -> list[str]:
        out = [f"{pad}{self._count(name)} += 1"]
        while True:
            pe = self.graph.by_name[name]
            out += self._call(pe, port, pad)
            if pe.style == "consumer" or pe.kind == "pairs" or not pe.outputs:
                return out
            if pe.style in ("inputs", "process"):
                out += [f"{pad}if result is not None:", f"{pad}    {self._send(name)}(result)"]
                return out
            after = self._next_inlined(name)
            if after is None and pe.kind == "reader":
                return [*out, f"{pad}{self._out(name, pe.output)}(item)"]
            if after is None:
                return [*out, f"{pad}if item is not None:", f"{pad}    {self._out(name, pe.output)}(item)"]
            if pe.kind != "reader":
                out += [f"{pad}if item is None:", f"{pad}    {self._dropped(name)} += 1", f"{pad}    {leave}"]
            out += [f"{pad}{self.needs[edge.key]}(item)" for edge in self._required(name, pe.output)]
            name, port = after.dest, after.input

    def _next_inlined(self, name: str):
        for edge in self.graph.edges_out[name]:
            if edge.dest in self.inlined:
                return edge
        return None

    def _call(self, pe: Pe, port: str | None, pad: str) -> list[str]:
        v = self.var[pe.name]
        if pe.kind == "reader":
            return []
        item = "item" if port is not None or not pe.inputs else f"item[{quoted(pe.inputs[0].name)}]"
        if pe.style in ("iterative", "producer"):
            return [f"{pad}item = {v}._process({item})"]
        if pe.style == "consumer":
            return [f"{pad}{v}._process({item})"]
        argument = "item" if port is None else f"{{{quoted(port)}: item}}"
        method = "_process" if pe.style == "inputs" else "process"
        kept = "result = " if pe.outputs and pe.kind != "pairs" else ""
        return [f"{pad}{kept}{v}.{method}({argument})"]

    def _wiring(self) -> list[str]:
        out = []
        for name in self.stage.pes:
            pe = self.graph.by_name[name]
            if not pe.outputs:
                continue
            following = self._next_inlined(name)
            if following is not None:
                out.append(f"    stage.wire({self.var[name]})  # only returns: its items go on in the loop above")
            else:
                ports = ", ".join(f"{quoted(port)}: {self._out(name, port)}" for port in pe.outputs)
                more = ", keywords=True" if pe.keywords else ""
                out.append(f"    stage.wire({self.var[name]}, {{{ports}}}{more})")
            if self._hands_on_batches(pe):
                ports = ", ".join(f"{quoted(port)}: {self._out_batch(name, port)}" for port in pe.outputs)
                out.append(f"    stage.wire_batches({self.var[name]}, {{{ports}}})")
        return out

    def _differences(self) -> list[str]:
        """A function that gives what each PE received, where that isn't counted one by one."""
        differences = []
        for name in self.stage.pes:
            if name in self.inlined:
                (edge,) = self.graph.edges_in[name]
                if self._may_drop(edge.source):
                    before = self._received_by(edge.source)
                    differences.append(f"        {self._count(name)} = {before} - {self._dropped(edge.source)}")
        if not differences:
            return []
        counts = self._counts()
        one = f"        return {{{', '.join(counts)}}}"
        given = [one] if len(one) <= WIDTH else _wrapped("        return {", counts, "}")
        return [f"    def {self._received}():", *differences, *given]

    def _received_by(self, name: str) -> str:
        """The variable with what a PE received."""
        while name in self.inlined:
            (edge,) = self.graph.edges_in[name]
            if self._may_drop(edge.source):
                break
            name = edge.source  # a reader drops nothing
        return self._count(name)

    def _counts(self) -> list[str]:
        counts = [f"{quoted(name)}: {self._received_by(name)}" for name in self.stage.pes]
        return counts + [f"{quoted(f'{pe}.{port}')}: {self._counter(pe, port)}" for pe, port in sorted(self.counted)]

    def _ready(self) -> list[str]:
        entries = []
        for name in self.plan.roots(self.stage):
            entries.append(f"{quoted(name)}: {self._as_loop(name, None)}")
        for channel in self.plan.channels_into(self.stage):
            entries.append(f"{channel.number}: {self._as_loop(channel.edge.dest, channel.edge.input)}")
        counts = self._counts()
        received = self._received if any(map(self._may_drop, self.stage.pes)) else None
        given = received or f"lambda: {{{', '.join(counts)}}}"
        again = ["repeatable=True"] if self.stage.repeatable else []
        one = f"    return stage.ready({', '.join(['{' + ', '.join(entries) + '}', given, *again])})"
        if len(one) <= WIDTH:
            return [one]
        return [
            "    return stage.ready(",
            *_wrapped("        {", entries, "},"),
            *([f"        {received},"] if received else _wrapped("        lambda: {", counts, "},")),
            *(f"        {word}," for word in again),
            "    )",
        ]

    def _as_loop(self, name: str, port: str | None) -> str:
        entry = self._entry(name, port)
        hops = [e for e in self._hops_into(name) if e.input == port]
        return f"stage.each({entry})" if hops else entry


def _wrapped(start: str, words: list[str], end: str = "", joint: str = ", ") -> list[str]:
    """`start + words joined + end`: on one line if it fits, else eight words a line or, in braces, one word a line."""
    one = start + joint.join(words) + end
    if not words:
        return [] if start.strip() == "nonlocal" else [one]
    if len(one) <= WIDTH:
        return [one]
    if start.endswith("{"):
        pad = " " * (len(start) - len(start.lstrip()))
        return [start, *(f"{pad}    {word}," for word in words), pad + end]
    return [start + joint.join(words[i : i + 8]) + end for i in range(0, len(words), 8)]


def _filled(words: list[str]) -> str:
    """Words in brackets over several lines."""
    lines = textwrap.wrap(", ".join(words) + ",", WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return "\n" + "\n".join(f"        {line}" for line in lines) + "\n    "
