"""The processing element (PE), the one thing a workflow is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

NAME = "name"
TYPE = "type"
DESCRIPTION = "descr"
META = "meta"
GROUPING = "grouping"
WRITER = "writer"

# Methods that go by two names: dispel4py's and its successor's. Overriding either overrides both.
_SPELLINGS = (
    ("_add_input", "add_input"),
    ("_add_output", "add_output"),
    ("setInputTypes", "set_input_types"),
    ("getOutputTypes", "get_output_types"),
)


def makes_pairs(pe: Any) -> bool:
    """Whether a PE takes all that has come together."""
    return any(str(port.get(GROUPING)).startswith("pairs") for port in pe.inputconnections.values())


def is_reader(pe: Any) -> bool:
    """Whether a PE splits its own input instead of taking items from the command line."""
    return callable(getattr(pe, "plan_splits", None))


class GenericPE:
    """A processing element: named input ports, named output ports and what happens to one item.

    A subclass declares its ports in `__init__` (after `GenericPE.__init__(self)`) and overrides `_process` or
    `process`. Each instance of the PE runs `preprocess()` once, `process({port: item})` for each item (one port a
    call) and `postprocess()` once after the last item. What it returns, a dict `{port: item}`, and what it hands to
    `write` are the same thing.

    Attributes:
        inputconnections, outputconnections: port name -> dict with `name` and perhaps `grouping`, `type`.
        name: the class name unless the workflow says otherwise; `id` is the name and the PE's number in its graph.
        numprocesses: how many instances are wanted; where nobody asks for a number, also 1, it is decided by what the
            PE does (`d4p help workflow`).
        single: True for a PE that must run as one instance.
        stateful: True or False where reading the class would decide wrongly whether it keeps state.
        any_order: True where it keeps state that doesn't depend on the order of its items (a sum, a sorted list), so
            that none has to wait for its turn.
        partial: True where several instances may each take some of the items, since what follows joins what they write.
        fuse: True for a PE that stays in one process with the PE that feeds it where that is one instance; False for
            one that has instances of its own beside as many of what feeds it: items then go to whichever is free, also
            where some keys of a group-by before it have far more of them than others.
        on_error: what becomes of an item for which `process` raises: `d4p.Skip()`, `d4p.Retry(3)` and others, or
            their text as on the command line; None is what the graph says, and else the run fails.
        time_limit: seconds that `process` may take for an item; None for any. The PE is isolated then.
        memory_limit: bytes of memory that its process may have; None for any. The PE is isolated then.
        isolate: True has each instance work in a process of its own, so that a crash costs it the item, as `on_error`
            says, and not the run. It starts anew for the next item, with `preprocess`.
        rank: the number of this instance, from 0.
    """

    single = False
    stateful: bool | None = None
    any_order = False
    partial = False
    fuse: Any = None
    on_error: Any = None
    time_limit: float | None = None
    memory_limit: int | None = None
    isolate = False
    rank = 0
    _d4p_numprocesses = 1
    _d4p_asked = False
    _d4p_inherited = False  # the count was passed down by a composite or a partition

    if TYPE_CHECKING:  # what an engine puts there
        _d4p_log: Callable[[Any], None]
        _d4p_ports: dict[str, Callable[[Any], None]]
        _d4p_batches: dict[str, Callable[[Any], None]]
        _d4p_share: tuple[int, int]
        _d4p_letters_of: dict[str, str]  # of a replay's: of which workflow its dead letters are, and of which PE there

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Joins the two spellings of a method, and takes `numprocesses = 3` in a class body as a request."""
        super().__init_subclass__(**kwargs)
        for names in _SPELLINGS:
            owner = next(c for c in cls.__mro__ if names[0] in c.__dict__ or names[1] in c.__dict__)
            given = [n for n in names if n in owner.__dict__]
            if len(given) == 1:
                for name in names:
                    setattr(cls, name, owner.__dict__[given[0]])
        for name in ("numprocesses", "num_processes"):
            if isinstance(cls.__dict__.get(name), int):
                cls._d4p_numprocesses = cls.__dict__[name]
                cls._d4p_asked = True
                delattr(cls, name)

    def __init__(self, numprocesses: int = 1) -> None:
        self.inputconnections: dict[str, dict[str, Any]] = {}
        self.outputconnections: dict[str, dict[str, Any]] = {}
        self.wrapper = "simple"
        self.pickleIgnore = ["inputconnections", "outputconnections", "wrapper", "pickleIgnore"]
        if numprocesses != 1:
            self.numprocesses = numprocesses
        self.name = type(self).__name__
        self.id = self.name

    @property
    def numprocesses(self) -> int:
        """How many instances are wanted. Assigning, also 1, is asking; `_d4p_asked` remembers it."""
        return self._d4p_numprocesses

    @numprocesses.setter
    def numprocesses(self, count: int) -> None:
        self._d4p_numprocesses = count
        self._d4p_asked = True
        self._d4p_inherited = False

    @property
    def num_processes(self) -> int:
        """`numprocesses`."""
        return self.numprocesses

    @num_processes.setter
    def num_processes(self, count: int) -> None:
        self.numprocesses = count

    @property
    def input_connections(self) -> dict[str, dict[str, Any]]:
        """`inputconnections`."""
        return self.inputconnections

    @input_connections.setter
    def input_connections(self, ports: dict[str, dict[str, Any]]) -> None:
        self.inputconnections = ports

    @property
    def output_connections(self) -> dict[str, dict[str, Any]]:
        """`outputconnections`."""
        return self.outputconnections

    @output_connections.setter
    def output_connections(self, ports: dict[str, dict[str, Any]]) -> None:
        self.outputconnections = ports

    def _add_input(self, name: str, grouping: Any = None, tuple_type: Any = None) -> None:
        """Declares the input `name`; `grouping` is a list or tuple of indexes or names, "all" or "global".

        An empty one is none, as in dispel4py.
        """
        self.inputconnections[name] = {NAME: name}
        if grouping:
            self.inputconnections[name][GROUPING] = grouping
        if tuple_type:
            self.inputconnections[name][TYPE] = tuple_type

    def _add_output(self, name: str, tuple_type: Any = None) -> None:
        """Declares the output `name`; `tuple_type` names the fields of its items, for example `["word", "count"]`, or
        gives their types too, `[("word", str), ("count", int)]` (tuples) or `{"word": str}` (dicts): `d4p.schema`."""
        self.outputconnections[name] = {NAME: name}
        if tuple_type:
            self.outputconnections[name][TYPE] = tuple_type

    def setInputTypes(self, types: dict[str, Any]) -> None:
        """Receives the types of the connected inputs (port -> type) before `getOutputTypes` is called."""

    def getOutputTypes(self) -> dict[str, Any]:
        """The type of each output (port -> type); an error names an output without one."""
        for name, port in self.outputconnections.items():
            if TYPE not in port:
                raise ValueError(f"{self.id}: the output {name!r} has no type; give _add_output a tuple_type")
        return {name: port[TYPE] for name, port in self.outputconnections.items()}

    add_input = _add_input
    add_output = _add_output
    set_input_types = setInputTypes
    get_output_types = getOutputTypes

    def preprocess(self) -> None:
        """Runs once in each instance before its first item."""
        self._preprocess()

    def _preprocess(self) -> None:
        """For subclasses: what `preprocess` does."""

    def process(self, inputs: dict[str, Any]) -> dict[str, Any] | None:
        """Takes `{port: item}` and returns `{port: item}` or None."""
        return self._process(inputs)

    def _process(self, data: Any) -> Any:
        """For subclasses: what `process` does; by default it gets and returns the same dicts."""

    def postprocess(self) -> None:
        """Runs once in each instance after its last item, also when there was none; may write."""
        self._postprocess()

    def _postprocess(self) -> None:
        """For subclasses: what `postprocess` does."""

    def write(self, name: str, data: Any, **kwargs: Any) -> None:
        """Sends `data` out of the output `name` now; further keywords are for subclasses."""
        self._write(name, data, **kwargs)

    def _write(self, name: str, data: Any, **kwargs: Any) -> None:
        try:
            send = self._d4p_ports[name]  # put there by the engine: port -> callable(item)
        except (AttributeError, KeyError):
            send = self._other_writer(name)
        send(data)

    def _other_writer(self, name: str) -> Any:
        port = self.outputconnections.get(name)
        if port is None:
            known = ", ".join(map(repr, self.outputconnections)) or "none"
            raise ValueError(f"{self.id} writes to {name!r}, which is not one of its outputs (it has: {known})")
        if WRITER not in port:
            raise ValueError(f"{self.id} writes to its output {name!r} while no engine runs it: write in process(),"
                             " preprocess() or postprocess(), which an engine calls")
        return port[WRITER].write

    def log(self, msg: Any) -> None:
        """Says `msg` in the name of this instance."""
        engine_log = getattr(self, "_d4p_log", None)
        if engine_log is not None:
            engine_log(msg)
        else:
            print(f"{self.id} (instance {self.rank}): {msg}")
