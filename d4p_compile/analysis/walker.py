"""Walking statements: assignments, loops and branches, so that a local name is known for what it stands for."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import ModuleType

from d4p_compile.analysis.callsites import CallWalker
from d4p_compile.analysis.expressions import local_names, parameter_names
from d4p_compile.analysis.globals import FilledLater, filled_later
from d4p_compile.analysis.refs import NONE, SELF, Ref, Refs, item, value_ref


class FunctionWalker(CallWalker):
    """Walks a function; branches are joined, loops walked until the names settle."""

    def run(self) -> Refs:
        """Walks the whole function; returns the references of what it returns."""
        self.returned: Refs = NONE
        self.nested: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.block(self.function.body)
        for node in self.nested:  # once more, now that all names around them are known
            self.nested_function(node)
        return self.returned

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.eval(statement)

    def branches(self, *bodies: list[ast.stmt]) -> None:
        """One of the bodies runs; afterwards a name may stand for what any of them made of it."""
        before, joined = self.env, {}
        for body in bodies:
            self.env = dict(before)
            self.block(body)
            for name, refs in self.env.items():
                joined[name] = joined.get(name, NONE) | refs
        self.env = joined

    # -- names ---------------------------------------------------------------------------------------------------------
    def lookup(self, name: str) -> Refs:
        """A global that is filled later stands for what it will be."""
        later = self.filled_later(name)
        return super().lookup(name) if later is None else value_ref(name, later)

    def filled_later(self, name: str) -> FilledLater | None:
        own = name in self.env or name in self.locals or name in self.outer or name in self.function.closure
        return None if own else filled_later(self.function.globals, name)

    def attribute(self, ref: Ref, name: str) -> Refs:
        """Who looks at another module's global that is filled there sees whether it is."""
        if ref.bare and isinstance(ref.root.value, ModuleType) and filled_later(vars(ref.root.value), name):
            self.op("always", None, f"reads {ref}.{name}, which is filled later", self.function.node)
        return super().attribute(ref, name)

    # -- assignments -----------------------------------------------------------------------------------------------
    def bind(self, target: ast.AST, refs: Refs) -> None:
        if isinstance(target, ast.Name) and self.is_outside(target.id):
            if self.filled_later(target.id) is None:
                self.op("always", None, f"assigns the global or outer {target.id}", target)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self.store(target)
        else:
            super().bind(target, refs)

    def is_outside(self, name: str) -> bool:
        return name in self.declared and name not in self.outer

    def store(self, target: ast.Attribute | ast.Subscript, verb: str = "assigns") -> None:
        base = self.eval(target.value)
        if isinstance(target, ast.Subscript):
            self.eval(target.slice)
        assigned = target.attr if isinstance(target, ast.Attribute) and verb == "assigns" else ""
        self.store_in(base, f"{verb} {ast.unparse(target)}", target, assigned)

    def on_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) \
                    and len(target.elts) == len(node.value.elts):
                values = [self.eval(v) for v in node.value.elts]
                for part, refs in zip(target.elts, values, strict=True):
                    self.bind(part, refs)
            else:
                self.bind(target, self.eval(node.value))

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.eval(node.value))

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        self.eval(node.value)
        if isinstance(node.target, ast.Name) and not self.is_outside(node.target.id):
            self.op_each("aug", self.lookup(node.target.id), "changes", node)
        else:
            self.bind(node.target, NONE)

    def on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                self.store(target, "deletes")

    def on_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.declared.update(node.names)

    on_Nonlocal = on_Global

    def on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = sys.modules.get(alias.name if alias.asname else alias.name.split(".")[0])
            name = alias.asname or alias.name.split(".")[0]
            self.env[name] = value_ref(name, module) if module else NONE

    def on_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = sys.modules.get(node.module or "") if not node.level else None
        for alias in node.names:
            name = alias.asname or alias.name
            self.env[name] = value_ref(name, getattr(module, alias.name)) if hasattr(module, alias.name) else NONE

    # -- control flow ----------------------------------------------------------------------------------------------
    def on_Return(self, node: ast.Return) -> None:
        self.returned |= self.eval(node.value)

    def on_If(self, node: ast.If) -> None:
        self.eval(node.test)
        self.branches(node.body, node.orelse)

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        refs = self.eval(node.iter)
        self.op_each("iter", refs, "takes items from", node)
        self.loop(node, lambda: self.bind(node.target, item(refs - {SELF})))

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        self.loop(node, lambda: self.eval(node.test))

    def loop(self, node: ast.For | ast.AsyncFor | ast.While, start: Callable[[], object]) -> None:
        """Walks a loop until what the names stand for settles: three rounds do for all but contrived chains."""
        for _ in range(3):
            before = dict(self.env)
            start()
            self.branches(node.body, [])
            if self.env == before:
                break
        self.branches(node.orelse, [])

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        for part in node.items:
            refs = self.eval(part.context_expr)
            for ref in sorted(refs - {SELF}, key=str):
                if not ref.held and ref.root.kind != "super":
                    self.op("call", ref, f"enters {ref}", node, "__enter__")
            if part.optional_vars is not None:
                self.bind(part.optional_vars, refs)
        self.block(node.body)

    on_AsyncWith = on_With

    def on_Try(self, node: ast.Try) -> None:
        self.branches(node.body, [])
        for handler in node.handlers:
            self.eval(handler.type)
        self.branches(*[h.body for h in node.handlers], node.orelse)
        self.block(node.finalbody)

    on_TryStar = on_Try

    def on_Match(self, node: ast.Match) -> None:
        refs = self.eval(node.subject)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                    self.env[part.name] = self.env.get(part.name, NONE) | refs | item(refs - {SELF})
            self.eval(case.guard)
        self.branches([], *[case.body for case in node.cases])

    # -- nested definitions ----------------------------------------------------------------------------------------
    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in node.decorator_list:
            self.eval(part)
        self.defaults(node)
        self.env[node.name] = NONE
        self.nested.append(node)
        self.nested_function(node)

    on_AsyncFunctionDef = on_FunctionDef

    def nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        saved = self.env, self.locals, self.outer, self.declared, self.returned
        own = local_names(node)
        self.env = {k: v for k, v in self.env.items() if k not in own} | {n: NONE for n in parameter_names(node)}
        self.outer = self.outer | self.locals
        self.locals, self.declared = own, set()
        self.inner += 1
        self.block(node.body)
        self.inner -= 1
        self.env, self.locals, self.outer, self.declared, self.returned = saved

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.eval(part)
        before = dict(self.env)
        self.block(node.body)
        self.env = {**before, node.name: NONE}

