"""The faults that are put into a file, one at a time: what people get wrong, not every change that can be thought of.

Left alone is what no answer depends on: docstrings, annotations, decorators, imports, and the words of messages.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
COUNTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
           ast.Mod: ast.FloorDiv, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
           ast.BitOr: ast.BitAnd}  # fmt: skip
#: At the end of their bodies `return` and `continue` say what would be so without them.
WHOLE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.For, ast.While)
#: Calls whose strings are words for people.
SAID = {"Refused", "RunFailed", "PeFailed", "warn", "warning", "info", "debug", "print", "log", "said"}
#: Numbers from here on say how much, not which: one more or less of them is nobody's fault.
TUNED = 100
#: An exception that nothing here raises or catches.
OTHER = "BufferError"


@dataclass(frozen=True)
class Fault:
    """A change of the bytes from `start` to `end` of a file."""

    path: str
    line: int
    last: int
    start: int
    end: int
    new: str
    kind: str

    def put_into(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def faults(path: str, source: bytes) -> list[Fault]:
    """All faults for a file, in the order of their place."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = {}
    for kind, node, new in _changes(ast.parse(source), ()):
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        if source[start:end] != new.encode():
            found.setdefault((start, end, new), Fault(path, node.lineno, node.end_lineno, start, end, new, kind))
    return [found[place] for place in sorted(found)]


def _changes(node: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[tuple[str, ast.AST, str]]:
    """`(kind, node, the text in its stead)` for a node and all within."""
    if isinstance(node, ast.expr):
        for kind, new in _of_expression(node, above):
            yield kind, node, f"({ast.unparse(new)})"
    elif isinstance(node, ast.stmt):
        ends = bool(above) and isinstance(above[-1], WHOLE) and above[-1].body[-1] is node
        for kind, text in _of_statement(node, ends):
            yield kind, node, text
        if isinstance(node, ast.If):
            yield "condition turned round", node.test, f"({ast.unparse(_not(node.test))})"
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        yield "another exception is caught", node.type, OTHER
    for name, value in ast.iter_fields(node):
        if not _left_alone(node, name):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _changes(child, (*above, node))


def _left_alone(node: ast.AST, name: str) -> bool:
    if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return True  # Python 3.11 has no places within an f-string
    if isinstance(node, ast.Assign):
        return name == "targets" or any(isinstance(t, ast.Name) and t.id in ("__all__", "__slots__")
                                        for t in node.targets)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return True
    return name in ("annotation", "returns", "decorator_list", "ctx")


def _of_expression(node: ast.expr, above: tuple[ast.AST, ...]) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            yield "comparison", _with(node, ops=_put(node.ops, at, COMPARED[type(operator)]()))
    elif isinstance(node, ast.BoolOp):
        yield "and, or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for at in range(len(node.values)):
            rest = node.values[:at] + node.values[at + 1 :]
            yield "condition dropped", rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.UnaryOp):
        yield "not, minus dropped", node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in COUNTED:
        yield "arithmetic", _with(node, op=COUNTED[type(node.op)]())
    elif isinstance(node, ast.IfExp):
        yield "condition turned round", _with(node, test=_not(node.test))
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        for at, part in enumerate(node.generators):
            if part.ifs:
                yield "filter dropped", _with(node, generators=_put(node.generators, at, _with(part, ifs=[])))
    elif isinstance(node, ast.Call):
        plain = [not isinstance(a, ast.Starred) for a in node.args[:2]]
        differ = plain == [True, True] and ast.dump(node.args[0]) != ast.dump(node.args[1])
        if differ and ast.unparse(node.func) not in ("min", "max"):
            yield "arguments swapped", _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
        for at in (at for at, word in enumerate(node.keywords) if word.arg != "strict"):  # of zip: a check, no answer
            yield "argument dropped", _with(node, keywords=node.keywords[:at] + node.keywords[at + 1 :])
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node, node.value, above)


def _of_constant(node: ast.expr, value: object, above: tuple[ast.AST, ...]) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int) and value < TUNED:
        yield "off by one", ast.Constant(value + 1)
        if value > 0:
            yield "off by one", ast.Constant(value - 1)
    elif isinstance(value, (int, float)):
        yield "constant", ast.Constant(value * 4 or 1.0)
    elif value and _is_a_set(node, above):  # of characters, where one more makes no difference
        yield "constant", ast.Constant(value[:-1])
    elif isinstance(value, (str, bytes)) and not any(_is_said(node) for node in above):
        yield "constant", ast.Constant(value + ("~0" if isinstance(value, str) else b"~0"))  # Python reads `ascii~`


def _of_statement(node: ast.stmt, ends: bool) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield "another exception is raised", f"raise {OTHER}()"
    if isinstance(node, (ast.Raise, ast.AugAssign, ast.Delete)) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
        or isinstance(node, ast.Assign) and not all(isinstance(t, (ast.Name, ast.Tuple)) for t in node.targets)
    ):
        yield "statement deleted", "pass"
    elif isinstance(node, ast.Return) and ast.unparse(node.value or ast.Constant(None)) not in ("None", "False"):
        yield "nothing returned", "return None"
    elif isinstance(node, (ast.Return, ast.Continue)) and not ends:
        yield "goes on", "pass"
    elif isinstance(node, ast.Break):
        yield "goes on", "continue"
    if isinstance(node, ast.Continue):
        yield "ends sooner", "break"


def _is_a_set(node: ast.expr, above: tuple[ast.AST, ...]) -> bool:
    """Whether it is looked into: `kind in "mcV"`."""
    compared = above[-1] if above and isinstance(above[-1], ast.Compare) else None
    return compared is not None and isinstance(node.value, (str, bytes)) and any(
        isinstance(operator, (ast.In, ast.NotIn)) and right is node
        for operator, right in zip(compared.ops, compared.comparators, strict=True)
    )


def _is_said(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        return getattr(called, "id", getattr(called, "attr", None)) in SAID
    return isinstance(node, ast.Raise)


def _not(test: ast.expr) -> ast.expr:
    is_not = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    return test.operand if is_not else ast.UnaryOp(ast.Not(), test)


def _with(node, **fields):
    """A copy of a node that has other fields."""
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _put(values: list, at: int, value) -> list:
    return [*values[:at], value, *values[at + 1 :]]
