"""PEs for the usual patterns, chains of functions, and composites."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from d4p.errors import Refused
from d4p.graph.core import GROUPING, NAME, TYPE, GenericPE
from d4p.graph.spelled import also
from d4p.graph.workflow_graph import WorkflowGraph

__all__ = [
    "NAME", "BasePE", "CompositePE", "ConsumerPE", "GenericPE", "IterativePE", "ProducerPE", "SimpleFunctionPE",
    "WorkflowGraph", "create_iterative_chain",
]  # fmt: skip


class BasePE(GenericPE):
    """A PE whose ports are given by name, by number (`input0`, `input1`, ...), or both."""

    INPUT_NAME = "input"
    OUTPUT_NAME = "output"

    def __init__(self, inputs: Iterable[str] = (), outputs: Iterable[str] = (), num_inputs: int = 0,
                 num_outputs: int = 0, *, numInputs: int = 0, numOutputs: int = 0) -> None:
        GenericPE.__init__(self)
        for name in [f"{BasePE.INPUT_NAME}{i}" for i in range(num_inputs or numInputs)] + list(inputs):
            self._add_input(name)
        for name in [f"{BasePE.OUTPUT_NAME}{i}" for i in range(num_outputs or numOutputs)] + list(outputs):
            self._add_output(name)


class IterativePE(GenericPE):
    """One input, one output: `_process(item)` returns the item to send on, or None."""

    INPUT_NAME = "input"
    OUTPUT_NAME = "output"

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input(IterativePE.INPUT_NAME)
        self._add_output(IterativePE.OUTPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> dict[str, Any] | None:
        result = self._process(inputs[IterativePE.INPUT_NAME])
        if result is not None:
            return {self.OUTPUT_NAME: result}
        return None

    def _process(self, data: Any) -> Any:
        """For subclasses: takes an item, returns an item or None."""


class ProducerPE(GenericPE):
    """No input, one output: `_process(inputs)`, or `_process()`, returns an item or writes several."""

    OUTPUT_NAME = "output"

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_output(ProducerPE.OUTPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> dict[str, Any] | None:
        method: Callable[..., Any] = self._process
        function = getattr(method, "__func__", method)
        result = method(inputs) if _takes_inputs(function, function is not method) else method()
        if result is not None:
            return {self.OUTPUT_NAME: result}
        return None

    def _process(self, inputs: dict[str, Any]) -> Any:
        """For subclasses: takes what the command line gave this root (`{}` by default)."""


@lru_cache(maxsize=256)
def _takes_inputs(function: Callable, is_method: bool) -> bool:
    """Whether a method (whose first parameter is the PE) or a plain function set on a PE takes the inputs."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return True
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return True
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) > is_method


class ConsumerPE(GenericPE):
    """One input, no output: `_process(item)` keeps what it makes to itself."""

    INPUT_NAME = "input"

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input(ConsumerPE.INPUT_NAME)

    def process(self, inputs: dict[str, Any]) -> None:
        self._process(inputs[ConsumerPE.INPUT_NAME])

    def _process(self, data: Any) -> Any:
        """For subclasses: takes an item; what it returns is ignored."""


class SimpleFunctionPE(IterativePE):
    """An iterative PE that calls `compute_fn(item, **params)`."""

    INPUT_NAME = IterativePE.INPUT_NAME
    OUTPUT_NAME = IterativePE.OUTPUT_NAME

    def __init__(self, compute_fn: Callable | None = None, params: Mapping[str, Any] | None = None) -> None:
        IterativePE.__init__(self)
        if compute_fn:
            self.name = "PE_" + _function_name(compute_fn)
        self.compute_fn: Any = compute_fn
        self.params = dict(params or {})

    def _process(self, data: Any) -> Any:
        result = self.compute_fn(data, **self.params)
        if type(result) is dict and "_d4p_prov" in result:  # provenance beside the item, as dispel4py.provenance has it
            return result["_d4p_data"]
        return result


def _function_name(function: Any) -> str:
    while not hasattr(function, "__name__") and hasattr(function, "func"):  # functools.partial
        function = function.func
    return getattr(function, "__name__", type(function).__name__)


@also(function_pe_class="FunctionPE_class")
def create_iterative_chain(functions: Iterable[Any], FunctionPE_class: Callable[[], Any] = SimpleFunctionPE,
                           name_prefix: str = "PE_", name_suffix: str = "") -> WorkflowGraph:
    """A composite, `input` to `output`, that applies functions one after the other.

    Each entry is a function or a pair `(function, parameters)` where parameters is a dict of keyword arguments.
    `FunctionPE_class` is called without arguments, or with the function and its parameters where it asks for them, and
    its `compute_fn`, `params` and `name` are set.

    Raises:
        Refused: no functions, or an entry that is neither a function nor such a pair.
    """
    chain = [_function_and_params(entry) for entry in functions]
    if not chain:
        raise Refused("create_iterative_chain needs at least one function; the list it got is empty")
    graph = WorkflowGraph()
    first = previous = None
    for function, params in chain:
        pe = _function_pe(FunctionPE_class, function, params)
        pe.compute_fn = function
        pe.params = params
        pe.name = name_prefix + _function_name(function) + name_suffix
        if previous is None:
            first = pe
            graph.add(pe)
        else:
            graph.connect(previous, IterativePE.OUTPUT_NAME, pe, IterativePE.INPUT_NAME)
        previous = pe
    graph.inputmappings = {"input": (first, IterativePE.INPUT_NAME)}
    graph.outputmappings = {"output": (previous, IterativePE.OUTPUT_NAME)}
    return graph


def _function_pe(make: Callable[..., Any], function: Callable, params: dict[str, Any]) -> Any:
    try:
        inspect.signature(make).bind()
    except TypeError:  # dispel4py gave them to the class until 2015
        return make(function, params)
    except ValueError:
        pass  # a class without a signature
    return make()


def _function_and_params(entry: Any) -> tuple[Callable, dict[str, Any]]:
    if callable(entry):
        return entry, {}
    if isinstance(entry, (tuple, list)) and len(entry) == 2 and callable(entry[0]):
        if entry[1] is None or isinstance(entry[1], Mapping):
            return entry[0], dict(entry[1] or {})
    raise Refused("create_iterative_chain takes functions and (function, {parameter: value}) pairs;"
                  f" it got {entry!r}")


class CompositePE(WorkflowGraph):
    """A sub-graph used as a PE.

    `create_graph(composite, **params)` fills it: it adds and connects PEs and names the composite's own ports with
    `_map_input(port, inner PE, inner port)` and `_map_output`. Without it a subclass does the same in `__init__`.
    """

    def __init__(self, create_graph: Callable | None = None, params: Mapping[str, Any] | None = None) -> None:
        WorkflowGraph.__init__(self)
        self.inputmappings = {}
        self.outputmappings = {}
        if create_graph:
            create_graph(self, **(params or {}))

    def _map_input(self, input_name: str, internal_pe: Any, internal_input: str) -> None:
        """Names an input port of an inner PE as an input of this composite."""
        self.inputmappings[input_name] = (internal_pe, internal_input)

    def _map_output(self, output_name: str, internal_pe: Any, internal_output: str) -> None:
        """Names an output port of an inner PE as an output of this composite."""
        self.outputmappings[output_name] = (internal_pe, internal_output)

    map_input = _map_input
    map_output = _map_output

    def _add_input(self, name: str, grouping: Any = None, tuple_type: Any = None) -> None:
        """Records the grouping and type of an input of this composite; `_map_input` says where it leads."""
        port = self.inputconnections[name]
        if grouping:
            port[GROUPING] = grouping
        if tuple_type:
            port[TYPE] = tuple_type

    def _add_output(self, name: str, tuple_type: Any = None) -> None:
        """Records the type of an output of this composite; `_map_output` says where it comes from."""
        port = self.outputconnections[name]
        if tuple_type:
            port[TYPE] = tuple_type

    add_input = _add_input
    add_output = _add_output
