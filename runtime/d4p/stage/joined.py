"""A PE's `write` and the program's function for an item of the PE behind it, as one: a call less for each item.

The function is compiled in another form, with its own variables, for programs whose text stays plain. One that isn't of
a form that is known here is called as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CellType, CodeType, FunctionType
from typing import Any

from d4p.graph.core import GenericPE

_LAST = """
{count} += 1
{pe}._process(item)
"""
_GIVING = """
{count} += 1
item = {pe}._process(item)
if item is not None:
    {then}(item)
"""
_PLAIN = """
def made({free}):
    def {name}(item):
        nonlocal {count}
        {body}
    return {name}
"""
_JOINED = """
def made({free}, d4p_port, d4p_other, d4p_failed, d4p_failures):
    def {name}(d4p_name, item):
        nonlocal {count}
        if d4p_name is not d4p_port and d4p_name != d4p_port:
            d4p_other(d4p_name, item)
            return
        try:
            {body}
        except d4p_failures as d4p_error:
            raise d4p_failed(d4p_error) from None
    return {name}
"""
Write = Callable[[str, Any], None]


def joined(put: Any, port: str, other: Write, failed: Callable[[BaseException], BaseException],
           failures: type[BaseException] | tuple[type[BaseException], ...]) -> Write | None:
    """The `write` of a PE whose items go to `put`, or None where that isn't a function of a known form.

    It has the name and the file of `put`, by which a failure is put down to the PE behind it.

    Args:
        put: what takes an item.
        port: the only output that the PE has.
        other: what is called for another name of a port.
        failed: gives what to raise for one of the `failures`.
    """
    if type(put) is not FunctionType or put.__code__.co_names != ("_process",):
        return None
    cells: dict[str, Any] = dict(zip(put.__code__.co_freevars, put.__closure__ or (), strict=True))
    try:
        kinds = {name: _kind(cell.cell_contents) for name, cell in cells.items()}
    except ValueError:  # nothing is in one of them yet
        return None
    names = [[name for name, kind in kinds.items() if kind == wanted] for wanted in ("count", "pe", "then")]
    if [len(each) for each in names] not in ([1, 1, 0], [1, 1, 1]):
        return None
    plain, code = _codes(put.__name__, put.__code__.co_filename, *(each[0] for each in names if each))
    if _does(plain) != _does(put.__code__):
        return None
    given = {"d4p_port": port, "d4p_other": other, "d4p_failed": failed, "d4p_failures": failures}
    cells |= {name: CellType(value) for name, value in given.items()}
    return FunctionType(code, put.__globals__, put.__name__, None, tuple(cells[name] for name in code.co_freevars))


def _kind(value: Any) -> str:
    return "count" if type(value) is int else "pe" if isinstance(value, GenericPE) else "then"


@functools.cache
def _codes(name: str, file: str, count: str, pe: str, then: str = "") -> tuple[CodeType, CodeType]:
    """A function for an item as programs have it, and joined with a `write`."""
    body = (_GIVING if then else _LAST).strip().format(count=count, pe=pe, then=then)
    free = ", ".join(filter(None, (count, pe, then)))
    return _code(_PLAIN, file, name=name, free=free, count=count, body=body), _code(
        _JOINED, file, name=name, free=free, count=count, body=body)  # fmt: skip


def _code(text: str, file: str, body: str, **names: str) -> CodeType:
    """The code of the inner function of a text."""
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines.append(line.replace("{body}", f"\n{indent}".join(body.splitlines())).format(**names))
    found = compile("\n".join(lines), file, "exec")
    for _ in range(2):
        found = next(constant for constant in found.co_consts if isinstance(constant, CodeType))
    return found


def _does(code: CodeType) -> tuple:
    """What a function does, wherever it stands."""
    return code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_freevars, code.co_flags
