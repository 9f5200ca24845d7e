"""Files that a function opens for writing whatever its item is: a state outside of the PE, in the order of items."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator, Set
from types import ModuleType
from typing import Any

from d4p_compile.analysis.refs import Op
from d4p_compile.analysis.same import Same
from d4p_compile.analysis.source import Function

#: Functions of libraries that write what they are given into the file that is their first argument.
_SAVES = {"numpy": {"save", "savez", "savez_compressed", "savetxt"}, "matplotlib": {"savefig"}}
#: Those that open it, by their second argument, `mode`; and by their second argument `flag`, with what that is where it
#: isn't given.
_OPENS = {"io": {"open"}, "codecs": {"open"}, "gzip": {"open"}, "bz2": {"open"}, "lzma": {"open"}, "h5py": {"File"},
          "netCDF4": {"Dataset"}, "zipfile": {"ZipFile"}, "tarfile": {"open"}}  # fmt: skip
_BY_FLAG = {"shelve": "c", "dbm": "r"}
#: Methods of paths that write to them, and of others that write to the path that they are given.
_PATH_WRITES = {"write_text", "write_bytes"}
_WRITES_TO = {"to_csv", "to_parquet", "to_pickle", "to_hdf", "to_json", "to_excel", "savefig", "tofile"}
_MODE = re.compile(r"[wax][bt+]*|r[bt]*\+[bt]*")
#: What changes a database that was opened, by name; and in SQL.
_CHANGES, _CHANGING = {"commit", "executemany", "executescript"}, re.compile(
    r"\s*(insert|update|delete|replace|create|drop|alter)\b", re.IGNORECASE)


def one_file(source: Function, own: str = "", fixed: Set[str] = frozenset()) -> Iterator[Op]:
    """What opens the same file for every item, as an operation that keeps state. `own` is the name of a method's self:
    what changes an attribute of it keeps state itself. `fixed` are parameters that are given the same for every item.
    """
    same = Same(source, own, fixed=fixed)
    for node in ast.walk(source.node):
        if isinstance(node, ast.Call) and (path := _written(node, source)) is not None and same.path(path):
            what = f"opens {ast.unparse(path)} for writing, the same file for every item,"
            yield Op("always", None, "", what, f"in {source.name}, line {node.lineno}")


def _written(call: ast.Call, source: Function) -> ast.expr | None:
    """The path of a file that a call writes or opens to be written."""
    function, first = call.func, call.args[0] if call.args else None
    module, name, value = _known(function, source)
    if module == "builtins":
        return first if name == "open" and _to_write(call, 1) else None
    if module is not None and (module != "pathlib" or isinstance(function, ast.Name)):
        return first if _writes_first(call, module, name, value, source) else None
    if not isinstance(function, ast.Attribute):
        return None
    if name in _PATH_WRITES or name == "open" and _to_write(call, 0):
        return function.value
    return first if name in _WRITES_TO else None


def _writes_first(call: ast.Call, module: str, name: str, value: Any, source: Function) -> bool:
    """Whether a module's function writes the file that is its first argument."""
    if isinstance(value, type) and issubclass(value, logging.FileHandler) or name in _SAVES.get(module, ()):
        return True
    if module == "os" and name == "open":
        return any(word in ast.unparse(call) for word in ("O_WRONLY", "O_RDWR", "O_APPEND", "O_CREAT"))
    if module in _BY_FLAG and name == "open":
        return not _given(call, 1, "flag", _BY_FLAG[module]).startswith("r")
    if module == "sqlite3" and name == "connect":
        return any(_changes(node) for node in ast.walk(source.node))
    return name in _OPENS.get(module, ()) and _to_write(call, 1)


def _changes(node: ast.AST) -> bool:
    """Whether it is a call that changes what is in a database."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in _CHANGES or node.func.attr == "execute" and _CHANGING.match(_given(node, 0, "sql", "")) \
        is not None


def _to_write(call: ast.Call, position: int) -> bool:
    """Whether a call's mode, at a position or by name, is one that writes."""
    return _MODE.fullmatch(_given(call, position, "mode", "")) is not None


def _given(call: ast.Call, position: int, name: str, default: str) -> str:
    """A text that a call is given at a position or by name; "" where it is no constant."""
    given: list[ast.expr] = [keyword.value for keyword in call.keywords if keyword.arg == name]
    given = given or call.args[position : position + 1]
    if not given:
        return default
    return given[0].value if isinstance(given[0], ast.Constant) and isinstance(given[0].value, str) else ""


def _known(function: ast.expr, source: Function) -> tuple[str | None, str, Any]:
    """The top-level module that a called function is of, its name, and itself; None for the module of a method."""
    names = {**source.globals, **source.closure}
    if isinstance(function, ast.Name):
        if function.id == "open" and function.id not in names:
            return "builtins", "open", open
        value = names.get(function.id)
        module = (getattr(value, "__module__", None) or "").partition(".")[0].lstrip("_")
        return module or None, getattr(value, "__name__", function.id), value
    if not isinstance(function, ast.Attribute):
        return None, "", None
    dotted, base = function.value, None
    if isinstance(dotted, ast.Attribute):  # logging.handlers.RotatingFileHandler
        base = getattr(names.get(getattr(dotted.value, "id", "")), dotted.attr, None)
    elif isinstance(dotted, ast.Name):
        base = names.get(dotted.id)
    if not isinstance(base, ModuleType):
        return None, function.attr, None
    return base.__name__.partition(".")[0], function.attr, getattr(base, function.attr, None)
