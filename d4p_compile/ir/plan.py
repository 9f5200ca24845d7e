"""The physical IR: stages, channels and the instances that run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from functools import cached_property

from d4p.frozen import dataclass
from d4p.graph.labels import one_line
from d4p.stage.function import title

from .capabilities import Capabilities
from .exchange import Kind
from .graph import TILES, WIDTH, Edge, Graph, Instances, counted
from .walk import upstream


@dataclass(frozen=True)
class Column:
    """A field of items that an engine has as a column of its own.

    `name` is the column's, the same for all channels into a stage; `field` is what to take of an item, an index or a
    name, or None for no more than the number of items; `label` is what the schema calls it.
    """

    name: str
    type: str
    field: int | str | None = None
    label: str = ""

    def __str__(self) -> str:
        return f"{one_line(self.label)}: {self.type}" if self.label else "number of items"


@dataclass(frozen=True)
class Native:
    """The aggregate PE at the head of a stage, which the engine computes: what it does, a column for each field."""

    pe: str
    kind: str
    columns: tuple[Column, ...]

    def __str__(self) -> str:
        of = ", ".join(f"{one_line(column.label)} ({column.type})" for column in self.columns if column.label)
        return f"{self.kind} of {of}" if of else self.kind


@dataclass(frozen=True)
class Stage:
    """PEs that run as one piece of code; `number` counts from 1 and is the same wherever it is shown.

    `ordered`: its inputs are taken in the order (edge, producer instance, sequence) where an engine
    would hand them over in any order, because it keeps state or routes by a counter.
    `repeatable`: what it takes from others is the same in every run, so what an earlier one wrote may be kept.
    `native`: the aggregate that the engine computes for the PE that all its inputs lead to.
    """

    pes: tuple[str, ...]
    instances: Instances
    number: int = 0
    ordered: bool = False
    repeatable: bool = False
    native: Native | None = None

    def __post_init__(self) -> None:
        if not self.pes:
            raise ValueError("a stage must have at least one PE")
        if self.instances not in (WIDTH, TILES) and (not isinstance(self.instances, int) or self.instances < 1):
            raise ValueError(f"a stage must have 1 instance or more, not {self.instances!r}")

    def __str__(self) -> str:
        return " > ".join(self.pes)

    @property
    def title(self) -> str:
        """The PEs in a line that isn't too long: what the stage is called in code and in an engine's UI."""
        return title(self.pes)

    @property
    def times(self) -> str:
        return f"x{counted(self.instances)}"


#: How items say where in the sequential run they stand: consecutive ones together, or each for itself.
RUNS, NUMBERED, NOTED = "runs", "numbered", "noted"


@dataclass(frozen=True)
class Channel:
    """An edge between two stages.

    `columns` are what of its items the engine takes as columns; `packed` is why none are, where the items have a
    schema. `places` is how its items say where in the sequential run they stand, "" where they needn't.
    """

    edge: Edge
    number: int = 0
    columns: tuple[Column, ...] = ()
    packed: str = ""
    places: str = ""

    def __str__(self) -> str:
        return str(self.edge)


@dataclass(frozen=True)
class Plan:
    """What a program is written from.

    `apart` gives, for each pair of neighbours that are not one stage, the reason; `can` is what the target can do, and
    `width` is `-n`.
    """

    graph: Graph
    target: str
    stages: tuple[Stage, ...]
    channels: tuple[Channel, ...]
    apart: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())
    can: Capabilities = Capabilities()
    width: int | None = None

    def __post_init__(self) -> None:
        placed = [name for stage in self.stages for name in stage.pes]
        if sorted(placed) != sorted(pe.name for pe in self.graph.pes):
            raise ValueError("every PE must stand in exactly one stage")

    @cached_property
    def stage_of(self) -> dict[str, Stage]:
        return {name: stage for stage in self.stages for name in stage.pes}

    def hops(self, stage: Stage) -> tuple[Edge, ...]:
        """The edges inside a stage: function calls. One that leads back is a channel to the stage itself."""
        inside = set(stage.pes)
        return tuple(e for name in stage.pes for e in self.graph.edges_out[name] if e.dest in inside and not e.back)

    def channels_into(self, stage: Stage) -> tuple[Channel, ...]:
        return self._channels_in.get(stage.pes, ())

    def channels_from(self, stage: Stage) -> tuple[Channel, ...]:
        return self._channels_out.get(stage.pes, ())

    @cached_property
    def _channels_in(self) -> dict:
        return self._group(lambda c: c.edge.dest)

    @cached_property
    def _channels_out(self) -> dict:
        return self._group(lambda c: c.edge.source)

    def _group(self, end) -> dict:
        found: dict = {}
        for channel in self.channels:
            found.setdefault(self.stage_of[end(channel)].pes, []).append(channel)
        return {pes: tuple(channels) for pes, channels in found.items()}

    def deals(self, channel: Channel) -> bool:
        """Whether it is all the same which of the consumer's instances gets an item, so that runs are dealt to them:
        they keep no state, nor do those that they feed instance by instance."""
        return channel.edge.exchange.kind is Kind.ROUND_ROBIN and \
            self.stage_of[channel.edge.dest].pes not in self._told_apart

    def in_blocks(self, stage: Stage) -> bool:
        """Whether each instance of a stage reads neighbouring splits, on every target, since it can be told which of
        them has an item."""
        reads = any(self.graph.by_name[name].kind == "reader" for name in self.roots(stage))
        return reads and stage.instances != 1 and stage.pes in self._told_apart

    @cached_property
    def _told_apart(self) -> set[tuple[str, ...]]:
        """Stages of which some PE can tell which instance has an item, as they keep state or feed such instances one by
        one."""
        keep = {self.stage_of[pe.name].pes for pe in self.graph.pes if pe.state.tells_instance}
        feeders = {stage.pes: [self.stage_of[channel.edge.source].pes for channel in self.channels_into(stage)
                               if stage.instances != 1
                               and channel.edge.exchange.kind in (Kind.FORWARD, Kind.ROUND_ROBIN)]
                   for stage in self.stages}
        return keep | upstream(feeders, keep)

    def roots(self, stage: Stage) -> tuple[str, ...]:
        return tuple(name for name in stage.pes if self.graph.is_root(name))

    def __str__(self) -> str:
        """What `print` shows: the plan as text."""
        return SHOWN["text"](self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return SHOWN["html"](self)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        """HTML where it can be shown, else text."""
        return {"text/plain": str(self), "text/html": self._repr_html_()}


#: How a plan is shown, by the name of the form; `d4p_compile.show` has the functions and puts them here.
SHOWN: dict[str, Callable[[Plan], str]] = {}
