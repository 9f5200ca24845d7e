"""Python names for PEs, ports and functions of a generated program."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from typing import Any

from ..ir.plan import Plan, Stage

#: Names that generated code uses for itself.
TAKEN = frozenset(
    "at atoms batch d4p error item items main own pes result run sc spark spark_df spark_rdd stage width "
    "workflow".split()
)
#: Where a word begins in a name in camel case.
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")


def identifier(text: str) -> str:
    """`text` as a valid Python name. Python takes letters that look alike for one (NFKC), so names that are different
    for us must be so then.

    >>> identifier("Read CSV-2"), identifier("CountPE1"), identifier("HTTPReader"), identifier("AllPEs")
    ('read_csv_2', 'count_pe1', 'http_reader', 'all_pes')
    """
    text = unicodedata.normalize("NFKC", _WORD_BEGINS.sub("_", text).lower())
    name = re.sub("__+", "_", "".join(c if f"a{c}".isidentifier() else "_" for c in text)).strip("_") or "pe"
    if not f"a{name}".isidentifier() or unicodedata.normalize("NFKC", name) != name:
        name = "pe"
    if not name.isidentifier() or keyword.iskeyword(name) or name in TAKEN or hasattr(builtins, name):
        name = f"pe_{name}"
    return name


def variables(plan: Plan, stage: Stage) -> dict[str, str]:
    """A variable for each PE of a stage: `{PE name: variable}`, all different."""
    number = {pe.name: i for i, pe in enumerate(plan.graph.pes)}
    chosen: dict[str, str] = {}
    taken = {f"channel_{channel.number}" for channel in plan.channels}
    for pe in stage.pes:
        name = base = identifier(pe)
        while name in taken:
            name = f"{base}_{number[pe]}" if name == base else name + "_"
        chosen[pe] = name
        taken.add(name)
    return chosen


def in_docstring(text: str) -> str:
    """Text as it can stand between three quotes."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return text[:-1] + '\\"' if text.endswith('"') else text


def quoted(value: Any) -> str:
    """A plain value as Python source, strings in double quotes where that needs no escapes.

    Raises TypeError for what has no literal: the `repr` of another class may be any text, and would be run.
    """
    kind = type(value)
    if kind is str:
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if kind is int:
        return repr(value) if value.bit_length() < 1000 else hex(value)  # Python may refuse to show a long one
    if kind is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if kind is complex:
        return f"complex({quoted(value.real)}, {quoted(value.imag)})"
    if value is None or value is ... or kind in (bool, bytes):
        return repr(value)
    if kind is dict:
        return "{" + ", ".join(f"{quoted(key)}: {quoted(item)}" for key, item in value.items()) + "}"
    if kind is list:
        return "[" + ", ".join(map(quoted, value)) + "]"
    if kind is tuple:
        return "(" + ", ".join(map(quoted, value)) + ("," if len(value) == 1 else "") + ")"
    if kind in (set, frozenset):
        return f"{kind.__name__}([{', '.join(sorted(map(quoted, value)))}])"
    raise TypeError(f"{value!r} is a {kind.__module__}.{kind.__qualname__}, which no literal makes")
