"""Walking expressions: what they refer to, and the operations in them. Names resolve as Python would resolve them."""

from __future__ import annotations

import ast
import builtins
import inspect
import types

from d4p_compile.analysis.methods import MethodTable
from d4p_compile.analysis.refs import NONE, SELF, SUPER, Op, Ref, Refs, Trace, hold, item, unpack, value_ref
from d4p_compile.analysis.source import Function, FunctionNode

Env = dict[str, Refs]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class ExpressionWalker:
    """Evaluates expressions of one function to references (see refs.py), adding operations to the trace."""

    def __init__(self, function: Function, env: Env, methods: MethodTable, trace: Trace, depth: int = 0):
        self.function, self.env, self.methods, self.trace, self.depth = function, env, methods, trace, depth
        self.outer: set[str] = set()  # locals of the functions around a nested one
        self.declared: set[str] = set()  # global and nonlocal names
        self.locals = local_names(function.node)
        self.inner = 0  # how many nested functions deep the walk is

    def run(self) -> Refs:
        """Walks the whole function; returns the references of what it returns."""
        raise NotImplementedError

    # -- helpers ---------------------------------------------------------------------------------------------------
    def op(self, kind: str, ref: Ref | None, what: str, node: ast.AST, name: str = "") -> None:
        where = f"in {self.function.name}, line {getattr(node, 'lineno', self.function.node.lineno)}"
        self.trace.ops.setdefault(Op(kind, ref, name, what, where))

    def op_each(self, kind: str, refs: Refs, verb: str, node: ast.AST) -> None:
        """The same operation on each of `refs` that is a thing of its own (not a new container, not self)."""
        for ref in sorted(refs, key=str):
            if not ref.held and ref.root.kind != "super" and ref != SELF:
                self.op(kind, ref, f"{verb} {ref}", node)

    def mangled(self, name: str) -> str:
        private = name.startswith("__") and not name.endswith("__") and self.function.owner
        return f"_{self.function.owner}{name}" if private else name

    def lookup(self, name: str) -> Refs:
        if name in self.env:
            return self.env[name]
        if name in self.locals or name in self.outer:
            return NONE
        for names in (self.function.closure, self.function.globals):
            if name in names:
                return value_ref(name, names[name])
        return value_ref(name, getattr(builtins, name)) if hasattr(builtins, name) else NONE

    def attribute(self, ref: Ref, name: str) -> Refs:
        """`ref.name`; of modules and classes the value itself."""
        if ref == SUPER:
            self.trace.super_mentions.add(name)
            self.trace.super_taken.add(name)
            return NONE
        if ref == SELF:
            self.trace.mentions.add(name)
            self.trace.taken.add(name)
            if name == "rank":
                self.op("rank", None, "reads self.rank", self.function.node)
        if not ref.bare or ref.root.kind != "value":
            return NONE if ref.held else frozenset([ref.then("attr", name)])
        value = ref.root.value
        if isinstance(value, types.ModuleType) and hasattr(value, name):
            return value_ref(f"{ref}.{name}", getattr(value, name))
        if isinstance(value, type):
            if value in self.methods.mro:
                self.trace.super_mentions.add(name)
            found = inspect.getattr_static(value, name, None)
            found = found.__func__ if isinstance(found, staticmethod) else found
            if found is not None and not isinstance(found, property):
                found = found.__get__(None, value) if isinstance(found, classmethod) else found
                return value_ref(f"{ref}.{name}", found)
        return frozenset([ref.then("attr", name)])

    # -- expressions -----------------------------------------------------------------------------------------------
    def eval(self, node: ast.AST | None) -> Refs:
        if node is None:
            return NONE
        visit = getattr(self, "on_" + type(node).__name__, None)
        if visit is not None:
            return visit(node)
        for child in ast.iter_child_nodes(node):
            self.eval(child)
        return NONE

    def on_Name(self, node: ast.Name) -> Refs:
        return self.lookup(node.id)

    def on_Attribute(self, node: ast.Attribute) -> Refs:
        found = NONE
        for ref in self.eval(node.value):
            if ref == SELF and node.attr == "__dict__":
                self.op("always", None, "uses self.__dict__", node)
            elif ref == SELF and node.attr == "__class__":
                found |= {SELF}
            else:
                found |= self.attribute(ref, self.mangled(node.attr))
        return found

    def on_Subscript(self, node: ast.Subscript) -> Refs:
        base = self.eval(node.value)
        self.eval(node.slice)
        if isinstance(node.slice, ast.Slice):
            return frozenset(r if r.held else r.then("slice") for r in base if r != SELF)
        self.op_each("getitem", base, "reads an item of", node)
        return item(base - {SELF})

    def on_Starred(self, node: ast.Starred) -> Refs:
        refs = self.eval(node.value)
        self.op_each("iter", refs, "takes items from", node)
        return item(refs)

    def on_NamedExpr(self, node: ast.NamedExpr) -> Refs:
        refs = self.eval(node.value)
        self.env[node.target.id] = refs
        return refs

    def on_IfExp(self, node: ast.IfExp) -> Refs:
        self.eval(node.test)
        return self.eval(node.body) | self.eval(node.orelse)

    def on_BoolOp(self, node: ast.BoolOp) -> Refs:
        return frozenset().union(*[self.eval(v) for v in node.values])

    def on_Await(self, node: ast.Await) -> Refs:
        return self.eval(node.value)

    def on_YieldFrom(self, node: ast.YieldFrom) -> Refs:
        self.op_each("iter", self.eval(node.value), "takes items from", node)
        return NONE

    def on_Compare(self, node: ast.Compare) -> Refs:
        self.eval(node.left)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            refs = self.eval(right)
            if isinstance(operator, ast.In | ast.NotIn):
                self.op_each("contains", refs, "looks for an item in", node)
        return NONE

    def on_display(self, node: ast.Tuple | ast.List | ast.Set) -> Refs:
        return hold(frozenset().union(*[self.eval(e) for e in node.elts]))

    on_Tuple = on_List = on_Set = on_display

    def on_Dict(self, node: ast.Dict) -> Refs:
        for key in node.keys:
            self.eval(key)
        return hold(frozenset().union(*[self.eval(v) for v in node.values]))

    def on_comprehension_expression(self, node) -> Refs:
        before = dict(self.env)
        for part in node.generators:
            refs = self.eval(part.iter)
            self.op_each("iter", refs, "takes items from", node)
            self.bind(part.target, item(refs))
            for test in part.ifs:
                self.eval(test)
        if isinstance(node, ast.DictComp):
            self.eval(node.key)
            result = hold(self.eval(node.value))
        else:
            result = hold(self.eval(node.elt))
        self.env = before
        return result

    on_ListComp = on_SetComp = on_DictComp = on_GeneratorExp = on_comprehension_expression

    def defaults(self, node: FunctionNode) -> None:
        """What a function's parameters are by default is found where it is made."""
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self.eval(default)

    def on_Lambda(self, node: ast.Lambda) -> Refs:
        self.defaults(node)
        before = dict(self.env)
        self.env.update({name: NONE for name in parameter_names(node)})
        self.inner += 1
        self.eval(node.body)
        self.inner -= 1
        self.env = before
        return NONE

    def bind(self, target: ast.AST, refs: Refs) -> None:
        """Binds names of a for, with or comprehension target (assignments to attributes: see walker.py)."""
        if isinstance(target, ast.Name):
            self.env[target.id] = refs
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.bind(part, unpack(refs))
        elif isinstance(target, ast.Starred):
            self.bind(target.value, hold(refs))


def parameter_names(node: FunctionNode) -> list[str]:
    args = node.args
    every = args.posonlyargs + args.args + args.kwonlyargs + [a for a in (args.vararg, args.kwarg) if a]
    return [a.arg for a in every]


def local_names(node: FunctionNode) -> set[str]:
    """The names a function binds itself: parameters, assignments, imports, nested definitions."""
    names = set(parameter_names(node))
    outside: set[str] = set()
    todo: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names.update((a.asname or a.name).split(".")[0] for a in part.names)
        elif isinstance(part, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and part.name:
            names.add(part.name)
        elif isinstance(part, ast.Global | ast.Nonlocal):
            outside.update(part.names)
        if isinstance(part, _FUNCTIONS):
            names.update([] if isinstance(part, ast.Lambda) else [part.name])
        else:
            todo.extend(ast.iter_child_nodes(part))
    return names - outside
