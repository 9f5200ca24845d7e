"""PEs that do nothing but return one expression: a generated loop has it written out instead of a call.

Here is what keeps that honest: whether a PE is still what was written out, and whose line it was that failed.
"""

from __future__ import annotations

import dis
import inspect
import warnings
from traceback import FrameSummary
from types import CodeType, FunctionType, MethodType
from typing import Any

from d4p.graph.base import SimpleFunctionPE

#: The variable of generated loops.
ITEM = "item"
#: What gives `item` a value in a loop where no expression does: the next of the items, and calls, by Python's version.
_GIVE = ("FOR_ITER", "CALL", "CALL_FUNCTION", "CALL_METHOD")
#: Flags of functions that are called in another way, or give something else than they return.
_KINDS = (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE
          | inspect.CO_ASYNC_GENERATOR)


def function_of(pe: Any) -> tuple[FunctionType, tuple[str, ...]] | None:
    """The function that makes of a PE's item what it returns, and what it is called with: its `_process`, or what a
    `SimpleFunctionPE` calls with the item alone. None where it is no plain function.

    Doesn't look into `vars(pe)`: see `d4p.graph.copies`."""
    method, arguments = getattr(pe, "_process", None), ("self", ITEM)
    function = method.__func__ if isinstance(method, MethodType) and method.__self__ is pe else None
    if function is SimpleFunctionPE._process:
        no_more = type(getattr(pe, "params", None)) is dict and not pe.params
        function, arguments = pe.compute_fn if no_more else None, (ITEM,)
    return (function, arguments) if isinstance(function, FunctionType) else None


def returns(pe: Any, expression: str) -> bool:
    """Whether a PE does nothing with an item but return `expression`, which is of `self` and `item`.

    Its function and the expression are compiled: a change of the source that was made after the program was written is
    seen, and a function that was put in the place of another, too.
    """
    found = function_of(pe)
    if found is None:
        return False
    function, arguments = found
    given = ", ".join(arguments)
    texts = [f"lambda {given}: {expression}"]
    if function.__code__.co_name != "<lambda>":  # with -OO a docstring leaves a trace in the code, and there is none
        docstrings = (f"{docstring!r}\n    " for docstring in (function.__doc__, "") if docstring is not None)
        texts = [f"def same({given}):\n    {docstring}return {expression}" for docstring in ("", *docstrings)]
    try:
        return any(_what(_compiled(text)) == _what(function.__code__) for text in texts)
    except (SyntaxError, ValueError):  # no expression; a number that is too long to be shown
        return False


def _compiled(text: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given where the PE's own source was compiled
        module = compile(text, "<expression>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def _what(code: CodeType) -> tuple:
    """What a function does, whatever it calls its arguments and wherever it stands; 1 and 1.0 are different."""
    return (code.co_argcount, code.co_kwonlyargcount, code.co_flags & _KINDS, code.co_nlocals, code.co_names,
            code.co_freevars, repr(code.co_consts), code.co_code)


def lines(code: CodeType) -> list[int]:
    """The lines of a generated function that have an expression written out, in order: those that give `item` another
    value, and neither by a call nor by going on to the next."""
    stores, others, line = [], set(), 0
    starts = dict(dis.findlinestarts(code))
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset) or line
        if instruction.opname.startswith("STORE_FAST") and _names_item(instruction.argval):
            stores.append(line)
        elif instruction.opname in _GIVE:
            others.add(line)
    return [line for line in dict.fromkeys(stores) if line not in others]


def _names_item(argument: Any) -> bool:
    return ITEM in argument if isinstance(argument, tuple) else argument == ITEM  # 3.13 joins two instructions in one


def failed(names: list[str], code: CodeType, line: int) -> str | None:
    """Which of the PEs that are written out in a generated function, in order, has a line; None where it is no such
    line, or they are not those of the program as it was written."""
    found = lines(code)
    return dict(zip(found, names, strict=True)).get(line) if len(found) == len(names) else None


def place_of(pe: Any) -> FrameSummary | None:
    """Where a PE's expression stands in its own source, as a traceback has it."""
    found = function_of(pe)
    if found is None:
        return None
    code = found[0].__code__
    own = [line for _, _, line in code.co_lines() if line and line > code.co_firstlineno]
    return FrameSummary(code.co_filename, min(own, default=code.co_firstlineno), code.co_name)
