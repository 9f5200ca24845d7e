"""Which expressions of a function are the same for every item, as far as can be told."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Set

from d4p_compile.analysis.expressions import local_names
from d4p_compile.analysis.source import Function

#: So many local names are followed from one to the next.
_DEPTH = 8
#: Functions and methods that make paths of paths, and nothing else.
_PATHS = set("str Path PurePath fspath join joinpath expanduser expandvars abspath absolute resolve realpath normpath "
             "with_suffix with_name format strip lower upper getenv".split())  # fmt: skip
_OF_PARTS = (ast.Constant, ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.Tuple, ast.List)
_MORE = (*_OF_PARTS, ast.Dict, ast.Set, ast.Subscript, ast.Slice, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
         ast.Starred)  # fmt: skip
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_PLAIN = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.expr_context)


class Same:
    """Asks it of the expressions of one function.

    Args:
        own: the name of a method's self; "" for a function.
        stays: of the name of an attribute of self: whether it is the same for every item.
        given: an expression, as text, that counts as the same: what is found is then the same where that is.
        fixed: parameters that are the same in every call.
    """

    def __init__(self, source: Function, own: str, stays: Callable[[str], bool] = lambda name: True,
                 given: str = "", fixed: Set[str] = frozenset()) -> None:
        self.own, self.stays, self.given = own, stays, given
        self._bound: set[str] = set()  # of the comprehensions around what is looked at
        nodes = list(ast.walk(source.node))
        arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
        imported = {(part.asname or part.name).split(".")[0] for node in nodes
                    if isinstance(node, ast.Import | ast.ImportFrom) for part in node.names}
        self.locals = (local_names(source.node) - imported) | arguments
        self.stored = Counter(node.id for node in nodes
                              if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
        self.fixed = {name for name in fixed if not self.stored[name]}
        self.values: dict[str, ast.expr] = {}
        for node in nodes:
            target, value = None, None
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, value = node.targets[0], node.value
            elif isinstance(node, ast.withitem):
                target, value = node.optional_vars, node.context_expr
            if isinstance(target, ast.Name) and value is not None and self.stored[target.id] == 1:
                if target.id not in arguments:
                    self.values[target.id] = value

    def path(self, node: ast.expr) -> bool:
        """Whether a path is the same: made of constants, globals and attributes by what makes paths of paths."""
        return self._same(node, lambda name: name in _PATHS, _OF_PARTS, 0)

    def for_all_items(self, node: ast.expr) -> bool:
        """Whether a value is, whatever is called to make it: what keeps state in a call is found where it is called."""
        return self._same(node, lambda name: True, _MORE, 0)

    def is_one_thing(self, node: ast.expr) -> bool:
        """Whether an expression is the same wherever it stands in the function: its names aren't assigned again."""
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        plain = all(isinstance(part, _PLAIN) for part in ast.walk(node))
        return plain and all(self.stored[name] <= (name in self.values) for name in names)

    def _same(self, node: ast.AST, calls: Callable[[str], bool], kinds: tuple[type, ...], depth: int) -> bool:
        if self.given and isinstance(node, ast.expr) and ast.unparse(node) == self.given:
            return True
        if isinstance(node, ast.Name):
            if node.id not in self.locals or node.id in self.fixed or node.id in self._bound:
                return True
            value = self.values.get(node.id)
            return value is not None and depth < _DEPTH and self._same(value, calls, kinds, depth + 1)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == self.own:
                return self.stays(node.attr) and node.attr != "rank"
            return self._same(node.value, calls, kinds, depth)
        if isinstance(node, _COMPREHENSIONS) and kinds is _MORE:
            return self._comprehended(node, calls, depth)
        parts: list[ast.expr]
        if _is_of_environment(node):
            return True
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if not calls(name):
                return False
            parts = [*node.args, *(keyword.value for keyword in node.keywords), function]
        elif isinstance(node, kinds):
            parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        else:
            return False
        return all(self._same(part, calls, kinds, depth) for part in parts)

    def _comprehended(self, node: ast.expr, calls: Callable[[str], bool], depth: int) -> bool:
        """Whether all is that a comprehension is made of, but for the names that it binds."""
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        if not self._same(generators[0].iter, calls, _MORE, depth):
            return False
        before = self._bound
        self._bound = before | {part.id for generator in generators for part in ast.walk(generator.target)
                                if isinstance(part, ast.Name)}
        made = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        parts = [*made, *(part for each in generators[1:] for part in [each.iter]),
                 *(part for each in generators for part in each.ifs)]
        found = all(self._same(part, calls, _MORE, depth) for part in parts)
        self._bound = before
        return found


def _is_of_environment(node: ast.AST) -> bool:
    """`os.environ["NAME"]`"""
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and \
        ast.unparse(node.value) in ("os.environ", "environ")
