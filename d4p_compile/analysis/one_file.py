"""Files that a function opens for writing whatever its item is: a state outside of the PE, in the order of items."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from d4p_compile.analysis.refs import Op
from d4p_compile.analysis.same import Same
from d4p_compile.analysis.source import Function

#: Functions of libraries that write what they are given into the file that is their first argument.
_SAVES = {"numpy": {"save", "savez", "savez_compressed", "savetxt"}, "matplotlib": {"savefig"}}
#: Those that open it, by their second argument, `mode`.
_OPENS = {"io": {"open"}, "codecs": {"open"}, "gzip": {"open"}, "bz2": {"open"}, "lzma": {"open"}, "h5py": {"File"},
          "netCDF4": {"Dataset"}, "zipfile": {"ZipFile"}, "tarfile": {"open"}}  # fmt: skip
#: Methods of paths that write to them, and of others that write to the path that they are given.
_PATH_WRITES, _WRITES_TO = {"write_text", "write_bytes"}, {"to_csv", "to_parquet", "to_pickle", "to_hdf", "savefig"}
_MODE = re.compile(r"[wax][bt+]*|r[bt]*\+[bt]*")


def one_file(source: Function, own: str = "") -> Iterator[Op]:
    """What opens the same file for every item, as an operation that keeps state. `own` is the name of a method's self:
    what changes an attribute of it keeps state itself."""
    same = Same(source, own)
    for node in ast.walk(source.node):
        if isinstance(node, ast.Call) and (path := _written(node, source)) is not None and same.path(path):
            what = f"opens {ast.unparse(path)} for writing, the same file for every item,"
            yield Op("always", None, "", what, f"in {source.name}, line {node.lineno}")


def _written(call: ast.Call, source: Function) -> ast.expr | None:
    """The path of a file that a call writes or opens to be written."""
    function, first = call.func, call.args[0] if call.args else None
    if isinstance(function, ast.Name):
        is_builtin = function.id == "open" and function.id not in {*source.globals, *source.closure}
        return first if is_builtin and _to_write(call, 1) else None
    if not isinstance(function, ast.Attribute):
        return None
    module, name = _module(function.value, source), function.attr
    if module is not None:
        if name in _SAVES.get(module, ()):
            return first
        return first if name in _OPENS.get(module, ()) and _to_write(call, 1) else None
    if name in _PATH_WRITES or name == "open" and _to_write(call, 0):
        return function.value
    return first if name in _WRITES_TO else None


def _to_write(call: ast.Call, position: int) -> bool:
    """Whether a call's mode, at a position or by name, is one that writes."""
    given: list[ast.expr] = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given = given or call.args[position : position + 1]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else ""
    return isinstance(mode, str) and _MODE.fullmatch(mode) is not None


def _module(node: ast.expr, source: Function) -> str | None:
    """The top-level name of the module that a name stands for; None where it is another thing."""
    if not isinstance(node, ast.Name):
        return None
    value: Any = source.closure.get(node.id, source.globals.get(node.id))
    return value.__name__.partition(".")[0] if isinstance(value, ModuleType) else None
