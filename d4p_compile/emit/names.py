"""Python names for PEs, ports and functions of a generated program."""

from __future__ import annotations

import builtins
import keyword
import re

from ..ir.plan import Plan, Stage

#: Names that generated code uses for itself.
TAKEN = frozenset("at d4p item items main own result run sc spark stage width workflow".split())


def identifier(text: str) -> str:
    """`text` as a valid Python name: `Read CSV-2` gives `read_csv_2`."""
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", text)).strip("_").lower() or "pe"
    if name[0].isdigit() or keyword.iskeyword(name) or name in TAKEN or hasattr(builtins, name):
        name = f"pe_{name}"
    return name


def variables(plan: Plan, stage: Stage) -> dict[str, str]:
    """A variable for each PE of a stage: `{PE name: variable}`, all different."""
    number = {pe.name: i for i, pe in enumerate(plan.graph.pes)}
    chosen: dict[str, str] = {}
    taken: set[str] = set()
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


def quoted(value: object) -> str:
    """A string or list as Python source, in double quotes where that needs no escapes."""
    if isinstance(value, list):
        return "[" + ", ".join(quoted(v) for v in value) + "]"
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text
