"""Walking calls: a method of self, a method of something on self, a function given something of self."""

from __future__ import annotations

import ast
import copy
import functools
import types
from typing import Any

from d4p.frozen import dataclass
from d4p_compile.analysis import arrays, known
from d4p_compile.analysis.expressions import ExpressionWalker
from d4p_compile.analysis.one_file import one_file
from d4p_compile.analysis.origin import is_d4p, is_plain, is_user
from d4p_compile.analysis.refs import NONE, SELF, SUPER, Ref, Refs, hold, item, value_ref
from d4p_compile.analysis.same import Same
from d4p_compile.analysis.source import Unreadable, plain_functions, read

MAX_DEPTH = 4
"""How many calls deep user functions are followed."""


@dataclass(frozen=True)
class Call:
    """A call's arguments as references."""

    node: ast.Call
    args: tuple[Refs, ...] = ()
    keywords: tuple[tuple[str | None, Refs], ...] = ()

    def given(self) -> Refs:
        refs = frozenset().union(*self.args, *[refs for _, refs in self.keywords])
        return refs | frozenset(Ref(r.root, r.steps) for r in refs if r.held)

    def rest(self) -> Call:
        """The call that map or filter makes: the first argument called with items of the others."""
        return Call(self.node, tuple(item(a) for a in self.args[1:]))


class CallWalker(ExpressionWalker):
    """Adds calls to the walk. `fixed` are the function's parameters that are given the same for every item."""

    fixed: frozenset[str] = frozenset()
    _same: Same | None = None

    def on_Call(self, node: ast.Call) -> Refs:
        args = tuple(self.eval(a) for a in node.args)
        keywords = tuple((k.arg, self.eval(k.value)) for k in node.keywords)
        keywords = tuple((key, refs if key else item(refs - {SELF})) for key, refs in keywords)
        call = Call(node, args, keywords)
        if isinstance(node.func, ast.Attribute):
            base = self.eval(node.func.value)
            name = self.mangled(node.func.attr)
            if not base:
                self.write_out(call, f".{name}", name)
                self.method_of_local(call, name)
            return frozenset().union(*[self.method(call, ref, name) for ref in sorted(base, key=str)])
        callees = self.eval(node.func)
        if not callees:
            self.hand_over(call, ast.unparse(node.func))
        return frozenset().union(*[self.called(call, ref) for ref in sorted(callees, key=str)])

    def method(self, call: Call, ref: Ref, name: str) -> Refs:
        """`ref.name(...)`."""
        if ref == SUPER:
            self.trace.super_mentions.add(name)
            self.trace.super_taken.update([name] if self.inner else [])
            return NONE
        if ref == SELF:
            return self.method_of_self(call, name)
        if ref.held:
            inner = frozenset([Ref(ref.root, ref.steps)])
            return hold(inner) if name in known.VIEWS | {"copy"} else inner if name in known.INSIDE else NONE
        if ref.bare and ref.root.kind == "value" and isinstance(ref.root.value, types.ModuleType | type):
            callees = self.attribute(ref, name)
            if not callees:
                self.hand_over(call, f"{ref}.{name}")
            return frozenset().union(*[self.called(call, r) for r in sorted(callees, key=str)])
        if any(key == "inplace" for key, _ in call.keywords) and _is_true(call.node, "inplace"):
            self.store_in(frozenset([ref]), f"changes {{}} by {name}", call.node)
        self.write_out(call, f"{ref}.{name}", name)
        self.op("call", ref, f"calls {ref}.{name}", call.node, name)
        self.method_of_local(call, name)
        if name == "copy":
            return frozenset([ref.then("copy")])
        if name in known.VIEWS:
            return hold([ref.then("ret", name)])
        return frozenset([ref.then("ret", name)]) if name in known.INSIDE else NONE

    def method_of_self(self, call: Call, name: str) -> Refs:
        self.trace.mentions.add(name)
        self.trace.taken.update([name] if self.inner else [])
        if name in ("__setattr__", "__delattr__"):
            self.op("always", None, f"calls self.{name}", call.node)
            return NONE
        functions = self.methods.functions.get(name)
        if functions is None:  # an attribute that holds something callable
            self.op("invoke", SELF.then("attr", name), f"calls self.{name}", call.node)
            self.hand_over(call, f"self.{name}")
            return NONE
        static = name in self.methods.static
        results = NONE
        for function in functions:
            if function.__module__ not in ("d4p.graph.core", "d4p.graph.base"):
                results |= self.inline(call, function, NONE if static else frozenset([SELF]))
        return results

    def write_out(self, call: Call, by: str, name: str = "") -> None:
        """What `out` is by its keyword, or by its place in a method of that name, is written to, as numpy has it."""
        position = arrays.OUT.get(name, len(call.args))
        for refs in [*call.args[position : position + 1], *(refs for key, refs in call.keywords if key == "out")]:
            self.store_in(refs, f"lets {by} write to {{}}", call.node)

    def method_of_local(self, call: Call, name: str) -> None:
        """A method of an object that isn't self: the built-in types' don't change arguments."""
        if name in known.BUILTIN_METHODS:
            return
        self.hand_over(call, f".{name}")

    def called(self, call: Call, ref: Ref) -> Refs:
        """A reference is called: `fn(...)`, where fn may be an alias of a method."""
        if ref.held or ref == SUPER:
            return NONE
        if ref == SELF:
            return self.method_of_self(call, "__call__")
        if ref.bare and ref.root.kind == "value":
            return self.called_value(call, ref, ref.root.value)
        if ref.steps and ref.steps[-1][0] == "attr":
            return self.method(call, ref.before(), ref.steps[-1][1])
        self.op("invoke", ref, f"calls {ref}", call.node)
        self.hand_over(call, str(ref))
        return NONE

    def called_value(self, call: Call, ref: Ref, value: Any) -> Refs:
        """A known function or class is called."""
        builtin = known.builtin_name(value)
        if builtin:
            return self.called_builtin(call, builtin)
        if value is functools.partial:
            return self.made_partial(call)
        if value is copy.copy:
            return frozenset(r if r.held else r.then("copy") for r in call.args[0]) if call.args else NONE
        if not is_user(value):
            for position in known.changed_positions(value, len(call.args)):
                self.store_in(call.args[position], f"changes {{}} with {ref}", call.node)
        if generator := known.draws_from(value):
            self.op("always", None, f"draws from the global generator {generator}", call.node)
        elif isinstance(value, types.FunctionType) and is_user(value):
            return self.inline(call, value)
        elif isinstance(value, type) or callable(value) and not is_user(value):
            if known.is_bound(value) or isinstance(value, functools.partial) or not known.is_function_like(value):
                self.op("invoke", ref, f"calls {ref}", call.node)
            if isinstance(value, type) and is_user(value) or isinstance(value, functools.partial):
                self.hand_over(call, str(ref))
            else:
                self.lend(call, ref, value)
        else:
            self.op("invoke", ref, f"calls {ref}", call.node)
            self.hand_over(call, str(ref))
        if isinstance(value, type) and value.__module__ in ("builtins", "collections", "itertools"):
            return hold(item(call.given()))
        return NONE

    def made_partial(self, call: Call) -> Refs:
        """`partial(fn, ...)`: what fn does to what it is given here, it does whenever that is called."""
        given = Call(call.node, call.args[1:], call.keywords)
        callees = call.args[0] if call.args else NONE
        if not callees:
            self.hand_over(given, "a partial")
        for ref in sorted(callees, key=str):
            self.called(given, ref)
        return NONE

    def called_builtin(self, call: Call, name: str) -> Refs:
        first = call.args[0] if call.args else NONE
        if name == "super":
            return frozenset([SUPER])
        if name == "type" and len(call.args) == 1:
            return first & {SELF}
        if name in ("setattr", "delattr") or name == "vars" and SELF in first:
            self.store_in(first, f"uses {name}({{}})", call.node)
        if name in ("exec", "globals"):
            self.op("always", None, f"uses {name}", call.node)
        if name == "getattr" and len(call.args) > 1:
            constant = getattr(call.node.args[1], "value", None)
            name = constant if isinstance(constant, str) else "*"
            return frozenset().union(*[self.attribute(r, name) for r in first])
        if name == "print":
            for file in [refs for key, refs in call.keywords if key == "file"]:
                self.op_each("next", file, "prints to", call.node)
        if name == "next":
            self.op_each("next", first, "takes the next item of", call.node)
        if name in known.CALLS_ITS_ARGUMENT:
            for ref in sorted(first, key=str):
                self.called(call.rest(), ref)
        for ref in [r for key, refs in call.keywords if key == "key" for r in sorted(refs, key=str)]:
            self.called(Call(call.node), ref)
        if SELF in call.given() and name not in known.SELF_IS_SAFE:
            self.op("always", None, f"passes self to {name}", call.node)
        if name in known.ITERATES:
            for refs in call.args:
                self.op_each("iter", refs, "takes items from", call.node)
            inside = item(frozenset().union(*call.args) - {SELF})
            return hold(inside) if name in known.COPIES else inside if name in ("min", "max") else NONE
        return item(first) if name == "next" else NONE

    def store_in(self, refs: Refs, what: str, node: ast.AST, assigned: str = "") -> None:
        """Something is put into, or taken out of, what `refs` refer to: `assigned` is the name of an attribute."""
        for ref in sorted(refs, key=str):
            if ref == SELF:
                self.op("always", None, what.replace("{}", "self"), node, assigned)
            elif not ref.held and ref != SUPER:
                self.op("store", ref, what.replace("{}", str(ref)), node)

    def hand_over(self, call: Call, to: str) -> None:
        """Arguments go to a function whose source isn't followed."""
        self._arguments("pass", call, to)

    def lend(self, call: Call, to: Ref, value: Any) -> None:
        """Arguments go to a library's function: it may use up a file or iterator, but changes no container."""
        self.write_out(call, str(to))
        if is_d4p(value) or isinstance(value, type) and is_plain(value):
            return
        self._arguments("lend", call, str(to))

    def _arguments(self, kind: str, call: Call, to: str) -> None:
        for ref in sorted(call.given(), key=str):
            if ref == SELF:
                self.op("always", None, f"passes self to {to}", call.node)
            elif not ref.held and ref != SUPER:
                self.op(kind, ref, f"passes {ref} to {to}", call.node)

    def inline(self, call: Call, function: types.FunctionType, first: Refs = NONE) -> Refs:
        """Follows a call of a user's function with what it is given; the references of what it returns."""
        args = ((first,) if first else ()) + call.args
        parts = [part for part in plain_functions(function) or [function] if part is function or is_user(part)]
        fixed = tuple(self._fixed_of(call, part, bool(first)) for part in parts)
        key = (function, args, call.keywords, fixed)
        if key in self.trace.walked:
            return self.trace.walked[key]
        self.trace.walked[key] = NONE
        if self.depth >= MAX_DEPTH:
            self.hand_over(call, function.__name__)
            return NONE
        results = NONE
        for part, same in zip(parts, fixed, strict=True):
            try:
                source = read(part)
            except Unreadable:
                self.hand_over(call, function.__name__)
                continue
            env = arguments(source, args, call.keywords)
            walker = type(self)(source, env, self.methods, self.trace, self.depth + 1)
            walker.fixed = same
            self.trace.ops |= dict.fromkeys(one_file(source, source.positional[0] if first else "", walker.fixed))
            walker.inner = self.inner
            results |= walker.run()
        self.trace.walked[key] = results
        return results

    def _fixed_of(self, call: Call, function: types.FunctionType, bound: bool) -> frozenset[str]:
        """The parameters of a function that a call gives what is the same for every item, or nothing."""
        try:
            source = read(function)
        except Unreadable:
            return frozenset()
        arguments, keywords = call.node.args, call.node.keywords
        if len(call.args) != len(arguments) or any(isinstance(each, ast.Starred) for each in arguments):
            return frozenset()
        positional = self.function.positional
        own = positional[0] if positional and SELF in self.env.get(positional[0], NONE) else ""
        if self._same is None:
            self._same = Same(self.function, own, fixed=self.fixed)
        given = {**dict(zip(source.positional[bound:], arguments, strict=False)),
                 **{each.arg: each.value for each in keywords if each.arg}}
        missing = set(source.defaults) - set(given) if all(each.arg for each in keywords) else set()
        return frozenset({name for name, each in given.items() if self._same.path(each)} | missing)


def _is_true(node: ast.AST, keyword: str) -> bool:
    """May a keyword argument of a call be true?"""
    given = [k.value for k in getattr(node, "keywords", []) if k.arg == keyword]
    return not all(isinstance(value, ast.Constant) and not value.value for value in given)


def arguments(source: Any, args: tuple[Refs, ...], keywords: tuple[tuple[str | None, Refs], ...]) -> dict[str, Refs]:
    """The parameters of a function as references, for a call."""
    env = {name: NONE for name in source.parameters}
    for name, value in source.defaults.items():
        if known.kind_of(type(value)) != "harmless":
            env[name] = value_ref(name, value)
    spec = source.node.args
    for i, refs in enumerate(args):
        if i < len(source.positional):
            env[source.positional[i]] = refs
        elif spec.vararg:
            env[spec.vararg.arg] |= hold(refs)
    for name, refs in keywords:
        if name in env:
            env[name] = refs
        elif spec.kwarg:
            env[spec.kwarg.arg] |= hold(refs)
    return env
