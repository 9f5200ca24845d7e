"""How a stage is written: which PEs become one loop, what goes on in batches, and what has to be counted.

These are decisions about the graph alone; no text and no names of variables are made here.
"""

from __future__ import annotations

from functools import cached_property

from d4p.frozen import dataclass

from ..analysis.inline import never_none
from ..ir.graph import Edge, Graph, Pe
from ..ir.plan import Plan, Stage

#: More functions than this calling one another in a row would strain the interpreter's stack.
DEEP = 30
#: A PE's name and one of its ports.
Port = tuple[str, str]


@dataclass(frozen=True)
class Shape:
    """A stage of a plan, and what the text of its function depends on."""

    plan: Plan
    stage: Stage

    @property
    def graph(self) -> Graph:
        return self.plan.graph

    def pe(self, name: str) -> Pe:
        return self.graph.by_name[name]

    # Hops: edges that are calls in this stage

    @cached_property
    def inside(self) -> frozenset[str]:
        return frozenset(self.stage.pes)

    def is_hop(self, edge: Edge) -> bool:
        return edge.source in self.inside and edge.dest in self.inside and not edge.back

    def hops_into(self, name: str, port: str | None = None) -> list[Edge]:
        """The hops into a PE, or into one of its ports."""
        return [e for e in self.graph.edges_in[name] if self.is_hop(e) and port in (None, e.input)]

    def edges(self, name: str, port: str) -> list[Edge]:
        """The edges of an output port, in order of connection."""
        return [e for e in self.graph.edges_out[name] if e.output == port]

    @cached_property
    def requiring(self) -> list[Edge]:
        """The hops to a PE that groups by fields, though it is one instance: items must have them."""
        return [hop for hop in self.plan.hops(self.stage) if hop.exchange.require]

    @cached_property
    def _requiring(self) -> frozenset[tuple]:
        return frozenset(hop.key for hop in self.requiring)

    def required(self, name: str, port: str) -> list[Edge]:
        """Those of `requiring` that leave an output port."""
        return [e for e in self.edges(name, port) if e.key in self._requiring]

    # Loops

    @cached_property
    def inlined(self) -> frozenset[str]:
        """PEs whose calls stand in the loop of the one before."""
        return frozenset(name for name in self.stage.pes if self._is_inlined(name))

    def _is_inlined(self, name: str) -> bool:
        """Its only producer stands before it in this stage, only returns, and feeds nobody else."""
        edges = self.graph.edges_in[name]
        if len(edges) != 1 or not self.is_hop(edges[0]):
            return False
        producer = self.pe(edges[0].source)
        return (
            producer.call.style in ("iterative", "producer")
            and not self.gives_batches(producer)
            and not producer.call.writes
            and edges[0].output == producer.call.output
            and len(self.edges(producer.name, edges[0].output)) == 1
        )

    def next_inlined(self, name: str) -> Edge | None:
        """The edge to the PE that goes on in the same loop."""
        return next((edge for edge in self.graph.edges_out[name] if edge.dest in self.inlined), None)

    def may_drop(self, name: str) -> bool:
        """What it returns goes on in the same loop, unless that is None."""
        return self.next_inlined(name) is not None and self.pe(name).kind != "reader" and not self.always_gives(name)

    def always_gives(self, name: str) -> bool:
        """What stands in the loop for a PE is never None, and needs no test for it."""
        alone = all(self.is_written_out(name, port) for port in self.ports_in(name))
        return alone and never_none(self.pe(name).call.returns)

    def is_tried(self, name: str, port: str | None) -> bool:
        """Whether the loop catches what a PE raises for an item of a port: a root that writes may write without end."""
        call = self.pe(name).call
        return call.tried and (port is not None or not call.writes)

    def waits(self, name: str) -> bool:
        """Whether what a PE writes for an item waits for the loop to hand it on."""
        return self.pe(name).call.writes and all(self.is_tried(name, port) for port in self.ports_in(name))

    def ports_in(self, name: str) -> list[str | None]:
        """The input ports that items come to from other PEs; None for a root, which gets its own."""
        return list(dict.fromkeys(e.input for e in self.graph.edges_in[name])) or [None]

    @property
    def heads(self) -> list[tuple[str, str | None]]:
        """The PEs that loops and functions begin with, and the ports that these take items of."""
        return [(name, port) for name in self.stage.pes if name not in self.inlined for port in self.ports_in(name)]

    def is_written_out(self, name: str, port: str | None) -> bool:
        """Whether the expression that a PE returns stands in the loop: not where its items come as `{port: item}`, and
        not in functions that others stand around."""
        return bool(self.pe(name).call.returns) and port is not None and not self.deep

    def written_out(self, head: str, port: str | None) -> list[str]:
        """Those PEs of a loop, which begins with `head`, of which that is so."""
        found = []
        name: str | None = head
        while name is not None:
            found += [name] if self.is_written_out(name, port) else []
            after = self.next_inlined(name)
            name, port = (after.dest, after.input) if after else (None, None)
        return found

    @cached_property
    def deep(self) -> bool:
        """Whether the functions call one another in a row that is too long for the interpreter's stack."""
        depth: dict[str, int] = {}
        for name in self.stage.pes:
            above = [depth[e.source] for e in self.hops_into(name)]
            depth[name] = max(above, default=0) + (name not in self.inlined)
        return max(depth.values()) > DEEP

    # Counting

    @property
    def notes_items(self) -> bool:
        """Whether loops write down the number of the item in hand: where a worker may die and its program not."""
        return self.plan.can.notes_items

    @cached_property
    def counted(self) -> frozenset[Port]:
        """Output ports whose items nobody else counts: all their consumers are hops into a fan-in."""
        ports = ((name, port) for name in self.stage.pes for port in self.pe(name).outputs)
        return frozenset(port for port in ports if self._leads_to_fan_ins(*port))

    def _leads_to_fan_ins(self, name: str, port: str) -> bool:
        edges = self.edges(name, port)
        return bool(edges) and all(self.is_hop(e) and len(self.graph.edges_in[e.dest]) > 1 for e in edges)

    def counted_alone(self, name: str, port: str) -> bool:
        """Whether counting is all there is to do with such a port's items, so that the runtime can do it."""
        alone = len(self.edges(name, port)) == 1 and not self.required(name, port)
        return (name, port) in self.counted and alone and not self.hands_on_batches(self.pe(name))

    # Batches

    @cached_property
    def batched(self) -> frozenset[Port]:
        """Input ports that get batches: of PEs that take them, behind ones that give them."""
        found: set[Port] = set()
        for name in self.stage.pes:
            for edge in self.hops_into(name) if self.pe(name).call.batches else ():
                if _gives_batches(self.pe(edge.source), found) and edge.key not in self._requiring:
                    found.add((name, edge.input))
        return frozenset(found)

    def gives_batches(self, pe: Pe) -> bool:
        return _gives_batches(pe, self.batched)

    def takes_batches(self, edge: Edge) -> bool:
        """Whether the items of an edge go on in batches."""
        return self.is_hop(edge) and (edge.dest, edge.input) in self.batched

    def hands_on_batches(self, pe: Pe) -> bool:
        """Whether what a PE gives as batches goes on so: pairs that nobody takes in tiles are written one by one."""
        if pe.kind == "pairs":
            return any(map(self.takes_batches, self.graph.edges_out[pe.name]))
        return self.gives_batches(pe)

    def batch_goes_to(self, name: str, port: str) -> Edge | None:
        """The edge that takes an output port's batches as they are: the only one, whose items nobody else counts."""
        edges = self.edges(name, port)
        alone = len(edges) == 1 and (name, port) not in self.counted and self.takes_batches(edges[0])
        return edges[0] if alone else None


def _gives_batches(pe: Pe, batched: set[Port] | frozenset[Port]) -> bool:
    return pe.kind == "pairs" or any(name == pe.name for name, _ in batched)
