"""One instance of a stage as generated code puts it together: its PEs, and what they are wired to."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from d4p.describe.failure import blame
from d4p.errors import Refused, RunFailed
from d4p.graph.core import GenericPE, is_reader
from d4p.graph.inline import ITEM, returns
from d4p.host import usage
from d4p.items.packing import ATOMS, own
from d4p.outputs.instance import InstanceOutputs
from d4p.places.unplaced import Unplaced
from d4p.stage.channel import Channel
from d4p.stage.depth import Trampoline
from d4p.stage.faults import Faults
from d4p.stage.figures import Clock, together
from d4p.stage.function import StageInfo
from d4p.stage.limit import Limit
from d4p.stage.writing import batch_sender_of, overrides_write, sender_of, unforeseen, with_keywords, writer_of
from d4p.stage.written_out import unguarded

if TYPE_CHECKING:
    from d4p.graph.policies import Isolation, Policy
    from d4p.places.marks import Marks, Noted
    from d4p.stage.isolated import Isolated
    from d4p.stage.on_error import OnError
    from d4p.stage.outlet import Put
    from d4p.stage.reading import Reading
    from d4p.stage.writes import Writes

Entry = Callable[[Iterable[Any]], None]

Wired = TypeVar("Wired", bound="Wiring")


class Wiring:
    """What a generated `stage_<n>(stage)` works with.

    Args:
        workflow: where the PEs come from.
        info: the stage's number in the plan and its PEs.
        index: which instance of the stage this is, from 0.
        lanes: called with a channel; gives the Lanes to the consumer's instances.
        spool: called with (PE name, port); gives the function that takes an item of a result.
        log: called with a line of text that a PE logs.
        instances: how many instances of the stage there are.
        repeatable: whether this instance reads the same in another run with as many instances.
        checker: with `--check`, the Checker of the run.
        at: where the number of the item in hand is written, so that it is known when the process is no more.
        trampoline: bounds the depth of calls, shared with whoever calls this stage's functions from within another's.
    """

    own = staticmethod(own)
    atoms = ATOMS

    def __init__(self, workflow, info: StageInfo, index: int, *, lanes, spool, log, instances=1, repeatable=True,
                 checker=None, at: memoryview | list[int] | None = None, trampoline: Trampoline | None = None) -> None:
        usage.watch()
        self.clock = Clock()
        self.number, self.index, self.instances = info.number, index, instances
        self.names = info.pes
        self.in_blocks = info.blocks
        self.pes: tuple[GenericPE, ...] = ()
        self.inlined: dict[CodeType, list[str]] = {}
        self._written: list[tuple[GenericPE, str]] = []
        self.entries: dict[int | str, Entry] = {}
        self.counts: Callable[[], dict[str, int]] = dict
        self._workflow, self._lanes, self._spool, self._log = workflow, lanes, spool, log
        self._checker = checker
        self.at: memoryview | list[int] = [0] if at is None else at
        self._ports: dict[int, dict[str, Put]] = {}
        self._quick: set[int] = set()  # PEs whose `write` is ours
        self._senders: set[int] = set()
        self._limits: dict[str, Limit] = {}
        self._on_error: dict[int, OnError] = {}  # of PEs that have a policy, or a process of their own
        self.isolated: list[Isolated] = []
        self._reading: list[Reading] = []  # the readers that have one
        self._split: Any = None  # the one that is read, or was last
        self._sent: dict[str, Callable[[], int]] = {}
        self._writers: dict[Put, Callable[..., Any]] = {}  # of outlets, which need no call more to be written to
        self._given: dict[str, Callable[[], int]] = {}
        self.marks: list[Marks | Noted] = []
        self._step: list[int] = []
        self.passing: Any = Unplaced()  # a Passing, where anything has a place
        self._moved: dict[str, Any] = {}
        self._results: Counter[tuple[str, str]] = Counter()
        workflow.writing.begin_notes()
        self._outputs = InstanceOutputs(workflow.writing, index, instances, repeatable)
        self._taken_in: Counter[str] = Counter()
        self.bounded = (trampoline or Trampoline()).bounded
        self._faults = Faults(functools.partial(blame, self), self.end_isolated)
        self._guard = self._faults.guard
        self.program = ""  # the file of the generated code

    def take(self) -> tuple[GenericPE, ...]:
        """This instance's own copies of the PEs of the stage, in topological order."""
        policed = not self._workflow.policies.keys().isdisjoint(self.names)
        self.pes = tuple(self._workflow.copy(name, self.index, self.instances) for name in self.names)
        for name, pe in zip(self.names, self.pes, strict=True):
            pe._d4p_log = _logger(self._log, name, self.index)
            pe._d4p_ports = {}
            pe._d4p_share = (self.index, self.instances)
            self._outputs.writer(name, pe)
            isolation, policy = self._workflow.isolated.get(name), self._workflow.policies.get(name)
            if policed and is_reader(pe):
                cast(Any, pe).read = self._noting(cast(Any, pe).read)
            if isolation:
                self._isolate(name, pe, isolation)
            if policy or isolation:
                self._police(name, pe, policy)
        if self.isolated:
            self.clock.beside = lambda: together(each.cpu() for each in self.isolated)
        return self.pes

    # What few PEs ask for is imported where one does: it would be a good part of the time that a small program takes.

    def _isolate(self, name: str, pe: GenericPE, isolation: Isolation) -> None:
        from d4p.stage.isolated import Isolated

        self.isolated.append(Isolated(pe, self._workflow, name, self.index, self.instances, isolation))

    def _police(self, name: str, pe: GenericPE, policy: Policy | None) -> None:
        from d4p.graph.policies import Fail
        from d4p.stage.policed import Policed

        policy = policy or Fail()
        of = {"workflow": self._workflow.source, "fingerprint": self._workflow.fingerprint}
        letters = self._outputs.letters(name, of | getattr(pe, "_d4p_letters_of", {}))
        does = Policed(pe, name, self.index, policy, letters, functools.partial(self._origin, name))
        if is_reader(pe):
            from d4p.stage.reading import Reading

            self._reading.append(Reading(pe, name, does))
        else:
            from d4p.stage.on_error import OnError

            self._on_error[id(pe)] = OnError(pe, name, policy, does, functools.partial(self._received, name))

    def _origin(self, name: str, port: str | None) -> dict[str, Any]:
        """Where an item that a PE has in hand came from: over which edges; and, where its stage reads, of which file;
        where its place in the order of the sequential run is known, that."""
        edges = [f"{source}.{output} -> {dest}.{into}" for source, output, dest, into in self._workflow.edges()
                 if dest == name and port in (None, into)]
        found: dict[str, Any] = {"edges": edges} if edges else {}
        if self._split is not None:
            from d4p.stage.reading import place_of

            found |= place_of(self._split)
        if place := self.passing.here:
            found |= place
        return found

    def _noting(self, read: Callable[[Any], Iterable[Any]]) -> Callable[[Any], Iterable[Any]]:
        """A reader's `read`, whose split is known while what it gives for that is in hand."""

        def noted(split: Any) -> Iterable[Any]:
            self._split = split
            return read(split)

        return noted

    def to(self, channel: Channel) -> Put:
        """The function that sends one item on its way to another stage."""
        from d4p.stage.outlet import outlet  # here, since a program of one stage sends nothing on

        lanes = self._lanes(channel)
        if channel.places:
            self._mark(channel, lanes)
        lanes.clock = self.clock
        self._moved[channel.edge] = lanes
        made = outlet(channel, self.index, lanes)
        self._sent[channel.edge] = made.taken
        if self._checker:
            return self._checker.guard(channel.output, self.index, made.put)
        self._writers[made.put] = made.writer
        return made.put

    def _mark(self, channel: Channel, lanes: Any) -> None:
        """Have the items of a channel sent with their places."""
        if channel.places == "noted":
            from d4p.places.marks import Noted

            noted = Noted()
            self.marks.append(noted)
            lanes.placed = noted.now, self._step
        elif lanes.places:
            from d4p.stage.dealing import marks_of

            marks = lanes.marks = marks_of(self.index, self.instances, lanes.held, channel.places, self._step)
            if marks is not None:
                marks.pause = lanes.pause
                self.marks.append(marks)

    def result(self, pe: GenericPE, port: str) -> Put:
        """The function that takes one item of an output that nothing is connected to."""
        name = self._name(pe)
        put = self._outputs.result(name, pe, port, self._spool)
        counts, key = self._results, (name, str(port))

        def keep(item: Any) -> None:
            counts[key] += 1
            put(item)

        return self._checker.guard(f"{name}.{port}", self.index, keep) if self._checker else keep

    def counted(self, output: str, take: Callable[[Any], None]) -> Put:
        """`take`, called with what an output ("pe.port") is given, and counted, which nobody else does."""
        given = 0

        def put(item: Any) -> None:
            nonlocal given
            given += 1
            take(item)

        self._given[output] = lambda: given
        return put

    def wire(self, pe: GenericPE, ports: dict[str, Callable[[Any], None]] | None = None, *,
             keywords: bool = False) -> None:
        """Connect what `pe` writes. Without `ports` its items go on in a loop that only takes what it returns. With
        `keywords` it may hand more to `write` than a port and an item, which takes time, though nobody looks at it."""
        if ports is None:
            ports, keywords = {port: unforeseen(pe, port) for port in pe.outputconnections}, True
        if on_error := self._on_error.get(id(pe)):
            ports = on_error.writes.hold(ports)
            self._writers |= {held: on_error.writes.writer(held) for held in ports.values()}
        self._connect(pe, ports, keywords)

    def _connect(self, pe: GenericPE, ports: dict[str, Put], keywords: bool) -> None:
        self._ports.setdefault(id(pe), {}).update(ports)
        pe._d4p_ports = {port: self._faults.guarded(put) for port, put in ports.items()}
        if id(pe) in self._quick or not overrides_write(pe):
            self._quick.add(id(pe))
            own, write = cast(Any, pe), writer_of(pe, ports, self._writers, self._faults.fail)
            own.write = with_keywords(write) if keywords else write

    def written(self, pe: GenericPE) -> Writes:
        """What `pe` has written for the item in hand, for a loop that catches what it raises."""
        from d4p.stage.writes import Writes

        on_error = self._on_error.get(id(pe))
        return on_error.writes if on_error else Writes()

    def tries(self, pe: GenericPE, *, copied: bool = False) -> None:
        """Say that a loop catches what `pe` raises, and hands it to `failed`, with the item as it came: where `copied`
        the PE is given a copy."""
        if on_error := self._on_error.get(id(pe)):
            on_error.leave_to_loop(copied)

    def failed(self, pe: GenericPE, item: Any, error: Exception) -> Any:
        """Do with an item that `pe` raised for as its policy says: what it returns in another try, or None. Raises what
        is to fail the run."""
        on_error = self._on_error.get(id(pe))
        if on_error is None:
            raise error
        return on_error.failed(item, error, on_error.name in self._workflow.roots())

    def inline(self, loop: FunctionType, *written: tuple[GenericPE, str]) -> None:
        """Say that a loop has what these PEs return written out, in this order, where it would have called them.

        Raises:
            RunFailed: a PE returns something else than when the program was compiled.
        """
        self._written += written
        for pe, expression in written:
            if id(pe) in self._on_error:
                raise Refused(unguarded(self._name(pe), expression))
        self._same_as_written()
        self.inlined[loop.__code__] = [self._name(pe) for pe, expression in written if expression != ITEM]

    def _same_as_written(self) -> None:
        for pe, expression in self._written:
            if not returns(pe, expression):
                raise RunFailed(
                    f"{self._name(pe)} ({type(pe).__name__}): the program has `{expression}` written out for it, and "
                    "its _process isn't that here: compile again after a change, or, if something takes its place "
                    "while the program runs, say `writes = True` in the class, so that it is called"
                )

    def _name(self, pe: GenericPE) -> str:
        """The name of one of the stage's PEs, of which two may be equal, as dataclasses are."""
        return next(name for name, mine in zip(self.names, self.pes, strict=True) if mine is pe)

    def sender(self, pe: GenericPE) -> Callable[[Any], None]:
        """The function that takes what `process` returned: `{port: item}`. Returning and writing are the same thing."""
        self._senders.add(id(pe))
        return sender_of(pe, self._ports.setdefault(id(pe), {}))

    def wire_batches(self, pe: GenericPE, ports: dict[str, Callable[[Sequence], None]]) -> None:
        """Connect the batches that `pe` gives."""
        pe._d4p_batches = ports

    def batch_sender(self, pe: GenericPE) -> Callable[[Any], None]:
        """The function that takes what `process_batch` returned: `{port: batch}`, or one after the other of them."""
        return batch_sender_of(pe, self._name(pe), self.index)

    def needs(self, edge: str, fields: list) -> Put:
        """A check that an item has the fields that its consumer groups by, although one instance gets all items."""
        from d4p.stage.outlet import needs

        return needs(edge, tuple(fields))

    def each(self, take: Callable[[Any], None]) -> Entry:
        """An entry that takes many items, from a function that takes one."""
        at = self.at

        def entry(items: Iterable[Any]) -> None:
            for at[0], item in enumerate(items, at[0] + 1):  # noqa: B007, B020  written where the engine looks for it
                take(item)

        return entry

    def ready(self: Wired, entries: dict[Channel | str, Entry], counts: Callable[[], dict[str, int]],
              repeatable: bool = False) -> Wired:
        """Called last: `entries` are by channel or root name, `counts` gives items received so far by PE;
        `repeatable` says that what comes from other stages is the same in every run."""
        self.entries = {key.number if isinstance(key, Channel) else key: entry for key, entry in entries.items()}
        self._repeatable, self.program = repeatable, counts.__code__.co_filename
        self.counts = lambda: {**{name: count + self._taken_in[name] for name, count in counts().items()},
                               **{output: given() for output, given in self._given.items()}}
        if self.marks or any(isinstance(key, Channel) and key.places for key in entries):
            from d4p.places.passing import Passing

            self.passing = Passing(self.marks, None, self._step)
        return self

    def _received(self, name: str) -> int:
        """How many items a PE has received so far, with the one that it is at."""
        return self.counts()[name]

    def limited(self, root: str, items: Iterable[Any], most: int) -> Iterable[Any]:
        """The items of a root that may write no more than `most` from now on."""
        pe: Any = self._pe(root)
        limit = Limit(most)
        self._limits[root] = limit
        if on_error := self._on_error.get(id(pe)):
            on_error.limit = limit
        if ports := self._ports.get(id(pe)):
            self._connect(pe, {port: limit.put(put) for port, put in ports.items()}, keywords=True)
        if id(pe) not in self._senders:  # its loop takes what _process returns for an item
            pe._process = limit.returning(pe._process)
        return limit.items(pe, items)

    def _pe(self, name: str) -> GenericPE:
        return self.pes[self.names.index(name)]

    def end_isolated(self) -> None:
        """Nothing more is asked of PEs that have a process of their own."""
        for isolated in self.isolated:
            isolated.end()


def _logger(log: Callable[[str], None], name: str, index: int) -> Callable[[Any], None]:
    return lambda message: log(f"{name} [{index}]: {message}")
