"""The names in a stage's function: each thing has one of its own, and the same one wherever it is written."""

from __future__ import annotations

from ..ir.graph import Edge
from .channels import variable
from .names import identifier, variables
from .shape import Shape


class StageNames:
    """Gives names on demand; where a base is taken, the later one gets a number."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        #: The variable of each PE.
        self.var = variables(shape.plan, shape.stage)
        self._given: dict[tuple, str] = {("pe", name): var for name, var in self.var.items()}
        self._taken = {*self.var.values(), *map(variable, shape.plan.channels)}
        #: The functions of what leaves the stage, and of what checks the fields of items, by the edge's key.
        self.to = {
            channel.edge.key: self._name("to", *channel.edge.key, base=f"to_{identifier(channel.edge.dest)}")
            for channel in shape.plan.channels_from(shape.stage)
        }
        self.needs = {
            hop.key: self._name("needs", *hop.key, base=f"needs_of_{self.var[hop.dest]}") for hop in shape.requiring
        }

    def _name(self, *key: str, base: str) -> str:
        """A name of its own for each key: `base`, or `base_2` where that is taken."""
        if key not in self._given:
            name, number = base, 2
            while name in self._taken:
                name, number = f"{base}_{number}", number + 1
            self._given[key] = name
            self._taken.add(name)
        return self._given[key]

    # Functions that take items

    def entry(self, pe: str, port: str | None) -> str:
        """The function that takes the items of a PE's port (None: the items of a root)."""
        if port is None or len({e.input for e in self._shape.graph.edges_in[pe]}) == 1:
            return self._name("into", pe, base=f"into_{self.var[pe]}")
        return self._name("into", pe, port, base=f"into_{self.var[pe]}_{identifier(str(port))}")

    def batch_entry(self, pe: str, port: str) -> str:
        """The function that takes a batch of a PE's port."""
        return self._name("batch into", pe, port, base=f"{self.entry(pe, port)}_batch")

    def taker(self, edge: Edge) -> str:
        """The function that takes one item of an edge."""
        return self.to[edge.key] if edge.key in self.to else self.entry(edge.dest, edge.input)

    def takers(self, pe: str, port: str) -> list[str]:
        """The functions that take one item of an output port, in order of connection."""
        return [self.taker(edge) for edge in self._shape.edges(pe, port)] or [self.result(pe, port)]

    def out(self, pe: str, port: str) -> str:
        """The function to call with one item written to an output port."""
        takers = self.takers(pe, port)
        if len(takers) == 1 and (pe, port) not in self._shape.counted and not self._shape.required(pe, port):
            return takers[0]
        return self._name("out", pe, port, base=f"{self.var[pe]}_{identifier(str(port))}")

    def out_batch(self, pe: str, port: str) -> str:
        """The function to call with a batch of an output port's items."""
        edge = self._shape.batch_goes_to(pe, port)
        if edge is not None:
            return self.batch_entry(edge.dest, edge.input)
        return self._name("out batch", pe, port, base=f"{self.var[pe]}_{identifier(str(port))}_batch")

    def result(self, pe: str, port: str) -> str:
        """The function that takes a result: an item of a port that nobody is connected to."""
        alone = len(self._shape.pe(pe).outputs) == 1
        base = f"result_{self.var[pe]}"
        return self._name("result", pe, port, base=base if alone else f"{base}_{identifier(str(port))}")

    def wrote(self, pe: str) -> str:
        """What a PE has written for the item in hand, where that waits."""
        return self._name("wrote", pe, base=f"{self.var[pe]}_wrote")

    def send(self, pe: str) -> str:
        """The function that takes what a PE returned, an item for each port."""
        return self._name("send", pe, base=f"send_{self.var[pe]}")

    def send_batches(self, pe: str) -> str:
        return self._name("send batches", pe, base=f"send_batches_of_{self.var[pe]}")

    # Counters

    def count(self, pe: str) -> str:
        """How many items a PE received."""
        return self._name("count", pe, base=f"n_{self.var[pe]}")

    def dropped(self, pe: str) -> str:
        """How many times a PE returned None where its items go on in the same loop."""
        return self._name("dropped", pe, base=f"dropped_{self.var[pe]}")

    def counter(self, pe: str, port: str) -> str:
        """How many items an output port was given."""
        return self._name("counter", pe, port, base=f"n_{self.var[pe]}_{identifier(str(port))}")

    @property
    def received(self) -> str:
        """The function that gives what each PE received."""
        return self._name("received", base="received")
