"""The logical IR: processing elements, ports, edges and groupings.

Frozen dataclasses of tuples; a node that makes no sense cannot be constructed.
"""

from __future__ import annotations

from dataclasses import field, replace
from functools import cached_property
from typing import Any

from d4p.frozen import dataclass
from d4p.items.schema import Schema

from .exchange import Exchange

#: Stands for "as many instances as the run is wide" where `-n` doesn't say how many: cores, ranks, or Spark's default
#: parallelism. Nobody can tell the number from the answer, so a plan holds on every machine.
WIDTH = "width"
#: Stands for one instance a tile of pairs: many for each core, so that work can be shared out while it is done.
TILES = "tiles"
#: The most instances that may be asked for: nobody runs more, and each takes memory.
MOST = 1_000_000
Instances = int | str
_LETTERS: dict[Instances, str] = {WIDTH: "W", TILES: "T"}
#: What a pass fills in, before that.
_LATER: Any = None

#: What every pair needs is asked of one port, or of two whose items are paired.
PAIRS = ("pairs", "pairs left", "pairs right")
GROUPINGS = ("none", "by", "all", "global", *PAIRS)
AGGREGATES = ("count", "sum", "min", "max", "average")
STYLES = ("iterative", "consumer", "producer", "inputs", "process")


def counted(instances: Instances) -> str:
    """A count as it is shown: `4`, or `W` or `T` for one that the engine knows."""
    return _LETTERS.get(instances, str(instances))


@dataclass(frozen=True)
class Grouping:
    """What an input port requires: which of the consumer's instances gets an item."""

    kind: str = "none"
    fields: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in GROUPINGS:
            raise ValueError(f"a grouping must be one of {GROUPINGS}, not {self.kind!r}")
        if self.kind not in PAIRS and (self.kind == "by") != bool(self.fields):
            raise ValueError("a group-by has fields, and pairs may be ordered by some; no other grouping has any")

    def __str__(self) -> str:
        if self.kind == "by":
            return f"group-by {list(self.fields)}"
        return f"{self.kind} by {list(self.fields)}" if self.fields else self.kind


@dataclass(frozen=True)
class Port:
    """An input port and what it requires: a grouping, and further `fields` that the PE looks at in each item."""

    name: str
    grouping: Grouping = Grouping()
    fields: tuple[int | str, ...] = ()


@dataclass(frozen=True)
class Aggregate:
    """What a library PE aggregates: `fields` are indexes or names, none of them for a count.

    `unlike` says what makes this PE another than the library's; empty where it is just that.
    """

    kind: str
    fields: tuple[int | str, ...] = ()
    unlike: str = ""

    def __post_init__(self) -> None:
        if self.kind not in AGGREGATES:
            raise ValueError(f"an aggregate must be one of {AGGREGATES}, not {self.kind!r}")


@dataclass(frozen=True)
class Request:
    """How many instances the user asks for: `instances` is an explicit count or None; `single` says that it is one,
    `fuse` (True) that it stays with the PEs that feed it where these are one instance, or (False) never does."""

    instances: int | None = None
    single: bool = False
    fuse: bool | None = None

    def __post_init__(self) -> None:
        if self.instances is not None and self.instances < 1:
            raise ValueError(f"a PE asks for {self.instances} instances: must be 1 or more")


@dataclass(frozen=True)
class State:
    """What a PE keeps from one item to the next.

    `why` is what was found in its class, `any_order` the user's word that the state doesn't depend on the order of
    items, `partial` that several instances may each aggregate some of the items, since what follows joins their parts.
    `holds` are attributes that can't be copied (a lock, an open file), for which it runs as one instance.
    """

    keeps: bool = False
    why: str = ""
    any_order: bool = False
    partial: bool = False
    holds: tuple[str, ...] = ()

    @property
    def tells_order(self) -> bool:
        """Whether another order of its items may change its answer."""
        return self.keeps and not self.any_order

    @property
    def tells_instance(self) -> bool:
        """Whether it may change its answer which of its instances gets an item."""
        return self.keeps and not self.partial


@dataclass(frozen=True)
class Call:
    """How generated code calls a PE.

    `style` is one of STYLES, `output` the port that an item returned goes to where the style says no port. `writes`:
    it may call `self.write`; `keywords`: with more than a port and an item. `returns` is the expression of `self` and
    `item` that says all it does with an item, empty where there is none. `batches`: it has a `process_batch`. `tried`:
    the loop catches what it raises for an item, as its policy says, and where it may write hands that on afterwards;
    `copied`: it gets a copy of the item, which is kept as it came.
    """

    style: str = "process"
    output: str = "output"
    writes: bool = True
    keywords: bool = True
    returns: str = ""
    batches: bool = False
    tried: bool = False
    copied: bool = False

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise ValueError(f"a call style must be one of {STYLES}, not {self.style!r}")


@dataclass(frozen=True)
class Pe:
    """One processing element.

    `name` is unique in its graph, short and what the plan shows; `id` is name plus order of addition. `kind` is "pe",
    or for library PEs "reader" or "pairs". `schemas` are (output port, schema) where a port declares one; `aggregate`
    is what a library PE aggregates. `on_error` says what becomes of items for which it fails, "" where the run does.
    `instances` is what the pass `place` gives it, `because` why, and `remedy` what would give it more where one is all
    that it gets.
    """

    id: str
    name: str
    cls: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[str, ...] = ()
    kind: str = "pe"
    request: Request = Request()
    state: State = State()
    call: Call = Call()
    schemas: tuple[tuple[str, Schema], ...] = ()
    aggregate: Aggregate | None = None
    on_error: str = ""
    instances: Instances = _LATER
    because: str = ""
    remedy: str = ""

    @property
    def class_name(self) -> str:
        """The class without its module."""
        return self.cls.rpartition(".")[2]

    def port(self, name: str) -> Port:
        return next(p for p in self.inputs if p.name == name)

    def schema(self, output: str) -> Schema | None:
        """What an output port declares of its items."""
        return dict(self.schemas).get(output)


@dataclass(frozen=True)
class Edge:
    """A stream from an output port to an input port; `where` is the file and line that connected them.

    `back`: it closes a cycle. The edges that don't lead back form a graph without cycles.
    """

    source: str
    output: str
    dest: str
    input: str
    where: str = ""
    exchange: Exchange = _LATER
    back: bool = False

    def __str__(self) -> str:
        return f"{self.source}.{self.output} -> {self.dest}.{self.input}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.source, self.output, self.dest, self.input)


@dataclass(frozen=True)
class Origin:
    """Where the graph comes from: what a compiled program imports to get its PEs."""

    module: str
    attribute: str = "graph"
    parameters: tuple[tuple[str, object], ...] = ()
    call: bool = False
    file: str = ""
    live: bool = False


@dataclass(frozen=True)
class Graph:
    """A workflow: PEs in order of addition, named by `Pe.name` in edges and partitions.

    `on_error` is what the command line says of items for which PEs fail.
    """

    name: str
    pes: tuple[Pe, ...]
    edges: tuple[Edge, ...] = ()
    partitions: tuple[tuple[str, ...], ...] = ()
    composites: tuple[tuple[str, tuple[str, ...]], ...] = ()
    origin: Origin | None = None
    on_error: tuple[str, ...] = ()
    fingerprint: str = ""
    warnings: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        names = [pe.name for pe in self.pes]
        if len(set(names)) != len(names):
            raise ValueError(f"PE names must be unique: {sorted(n for n in names if names.count(n) > 1)}")
        known = set(names)
        for edge in self.edges:
            if edge.source not in known or edge.dest not in known:
                raise ValueError(f"the edge {edge} joins a PE that the graph does not have")

    @cached_property
    def by_name(self) -> dict[str, Pe]:
        return {pe.name: pe for pe in self.pes}

    @cached_property
    def edges_in(self) -> dict[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {pe.name: [] for pe in self.pes}
        for edge in self.edges:
            found[edge.dest].append(edge)
        return {name: tuple(edges) for name, edges in found.items()}

    @cached_property
    def edges_out(self) -> dict[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {pe.name: [] for pe in self.pes}
        for edge in self.edges:
            found[edge.source].append(edge)
        return {name: tuple(edges) for name, edges in found.items()}

    @cached_property
    def partition_of(self) -> dict[str, int]:
        return {name: i for i, names in enumerate(self.partitions) for name in names}

    def is_root(self, name: str) -> bool:
        """A PE with no connected input: it takes its items from the command line."""
        return not self.edges_in[name]

    def results(self) -> tuple[tuple[str, str], ...]:
        """The outputs that nothing is connected to, as (PE name, port), in order."""
        used = {(e.source, e.output) for e in self.edges}
        return tuple((pe.name, port) for pe in self.pes for port in pe.outputs if (pe.name, port) not in used)

    def with_pes(self, pes) -> Graph:
        return replace(self, pes=tuple(pes))
