"""PEs that do nothing but return one expression: a generated loop has it written out instead of a call.

Here is what keeps that honest: whether a PE is still what was written out, and whose line it was that failed.
"""

from __future__ import annotations

import dis
import inspect
from traceback import FrameSummary
from types import CodeType, FrameType, FunctionType
from typing import Any

from d4p.base import SimpleFunctionPE

#: The variable of generated loops.
ITEM = "item"
#: What gives `item` a value in a loop where no expression does: the next of the items, and calls, by Python's version.
_GIVE = ("FOR_ITER", "CALL", "CALL_FUNCTION", "CALL_METHOD")
#: Flags of functions that are called in another way, or give something else than they return.
_KINDS = (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR | inspect.CO_COROUTINE
          | inspect.CO_ASYNC_GENERATOR)


def function_of(pe: Any) -> tuple[FunctionType, tuple[str, ...]] | None:
    """The function that makes of a PE's item what it returns, and what it is called with: its `_process`, or what a
    `SimpleFunctionPE` calls with the item alone. None where it is no plain function."""
    if "_process" in vars(pe):
        return None
    function, arguments = inspect.getattr_static(pe, "_process", None), ("self", ITEM)
    if function is SimpleFunctionPE._process and not pe.params:
        function, arguments = pe.compute_fn, (ITEM,)
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
    docstring = f"    {function.__doc__!r}\n" if function.__doc__ is not None else ""
    given = ", ".join(arguments)
    names: dict[str, Any] = {}
    try:
        if function.__name__ == "<lambda>":
            exec(f"same = lambda {given}: {expression}", names)
        else:
            exec(f"def same({given}):\n{docstring}    return {expression}\n", names)
    except SyntaxError:
        return False
    return _what(function.__code__) == _what(names["same"].__code__)


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


def failed(inlined: dict[str, list[str]], frame: FrameType, line: int) -> str | None:
    """The name of the PE whose expression stands in the line of a generated function; None for any other line.

    Args:
        inlined: the PEs that have a line of their own in each function, by its name.
    """
    names = inlined.get(frame.f_code.co_name, [])
    return dict(zip(lines(frame.f_code), names, strict=False)).get(line) if names else None


def place_of(pe: Any) -> FrameSummary | None:
    """Where a PE's expression stands in its own source, as a traceback has it."""
    found = function_of(pe)
    if found is None:
        return None
    code = found[0].__code__
    own = [line for _, _, line in code.co_lines() if line and line > code.co_firstlineno]
    return FrameSummary(code.co_filename, min(own, default=code.co_firstlineno), code.co_name)
