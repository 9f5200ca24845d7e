"""Dicts of what was found: what lies in one under a key depends on that key alone, so whether it is there already
changes no answer.

    if key not in self.found:           try:                                  value = self.found.get(key)
        self.found[key] = f(key)            return self.found[key]            if value is None:
    ... self.found[key] ...             except KeyError:                          value = self.found[key] = f(key)
                                            value = self.found[key] = f(key)
    self.found.setdefault(key, f(key))  return value

Whoever asks how many there are, or goes through them, sees which items came before: that is state.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from d4p_compile.analysis.mentions import Method, is_log, quiet
from d4p_compile.analysis.same import Same


def table(methods: list[Method], name: str, stored: set[str], values: dict[str, Any]) -> bool:
    """It is a dict that one method uses, under one key, in these forms and in no other."""
    using = [method for method in methods if method.names.get(name)]
    if type(values.get(name)) is not dict or len(using) != 1:
        return False
    (method,) = using
    keys = [key for node in method.names[name] for key in _keys(method, node)]
    if not keys:
        return False
    one = _Table(methods, method, name, keys[0], stored)
    return one.same.is_one_thing(keys[0]) and one.is_all_there_is()


def _keys(method: Method, node: ast.Attribute) -> Iterator[ast.expr]:
    around = method.around[node]
    call = method.around.get(around)
    if isinstance(around, ast.Subscript) and around.value is node:
        yield around.slice
    elif isinstance(around, ast.Attribute) and isinstance(call, ast.Call) and call.func is around:
        yield from call.args[:1]


class _Table:
    """What is done with a dict under one key."""

    def __init__(self, methods: list[Method], method: Method, name: str, key: ast.expr, stored: set[str]) -> None:
        self._methods, self._method, self._nodes = methods, method, method.names[name]
        self._dict, self._key = f"{method.own}.{name}", ast.unparse(key)
        self._entry = f"{self._dict}[{self._key}]"
        self._found: set[str] = set()  # how what lies under the key is found
        self.same = Same(method.source, method.own, lambda attribute: attribute not in stored, given=self._key)

    def is_all_there_is(self) -> bool:
        """Whether each mention of it is part of one of the forms, and all put the same there."""
        known: set[ast.AST] = set()
        for block in self._blocks():
            for position, statement in enumerate(block):
                for part in self._form(statement, block[position + 1 :]):
                    known.update(ast.walk(part))
        return all(node in known or self._is_setdefault(node) for node in self._nodes) and len(self._found) == 1

    def _blocks(self) -> Iterator[list[ast.stmt]]:
        for node in ast.walk(self._method.source.node):
            for _, block in ast.iter_fields(node):
                if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                    yield block

    def _form(self, statement: ast.stmt, behind: list[ast.stmt]) -> list[ast.AST]:
        """What belongs to the form that begins with a statement, and what may be said of it behind that."""
        if isinstance(statement, ast.If):
            return self._guarded(statement, behind)
        if isinstance(statement, ast.Try):
            return self._tried(statement, behind)
        asked = f"{self._dict}.get({self._key})", f"{self._dict}.get({self._key}, None)"
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) in asked and behind:
            local, guard = _local(statement.targets), behind[0]
            if local and isinstance(guard, ast.If) and not guard.orelse and \
                    ast.unparse(guard.test) == f"{local} is None" and self._fills(guard.body, local):
                return [statement, guard]
        return []

    def _guarded(self, guard: ast.If, behind: list[ast.stmt]) -> list[ast.AST]:
        test = ast.unparse(guard.test)
        if test == f"{self._key} not in {self._dict}" and not guard.orelse and self._fills(guard.body, None):
            return [guard, *self._entries(behind)]
        if test != f"{self._key} in {self._dict}":
            return []
        if guard.orelse:
            local = self._takes(guard.body)
            return [guard] if local and self._fills(guard.orelse, local) else []
        return [guard, *behind] if self._gives(guard.body) and self._fills_and_gives(behind) else []

    def _tried(self, attempt: ast.Try, behind: list[ast.stmt]) -> list[ast.AST]:
        if len(attempt.handlers) != 1 or attempt.orelse or attempt.finalbody:
            return []
        (handler,) = attempt.handlers
        if handler.name or handler.type is None or ast.unparse(handler.type) != "KeyError":
            return []
        if local := self._takes(attempt.body):
            return [attempt] if self._fills(handler.body, local) else []
        if not self._gives(attempt.body):
            return []
        if self._fills_and_gives(handler.body):
            return [attempt]
        together = [*handler.body, *behind]
        return [attempt, *behind] if self._fills_and_gives(together) else []

    def _entries(self, statements: list[ast.stmt]) -> Iterator[ast.AST]:
        """Where what lies under the key is read."""
        for statement in statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and \
                        ast.unparse(node) == self._entry:
                    yield node

    def _takes(self, body: list[ast.stmt]) -> str:
        """The local of `local = self.found[key]`, where a body is that and no more."""
        if len(body) == 1 and isinstance(body[0], ast.Assign) and ast.unparse(body[0].value) == self._entry:
            return _local(body[0].targets)
        return ""

    def _gives(self, body: list[ast.stmt], also: str = "") -> bool:
        """`return self.found[key]`, or what is there, too."""
        given = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
        return given is not None and ast.unparse(given) in (self._entry, also)

    def _fills_and_gives(self, body: list[ast.stmt]) -> bool:
        """Whether statements find what lies under the key, put it there, and give it."""
        found = self._filled(body[:-1])
        return found is not None and self._gives(body[-1:], found)

    def _fills(self, body: list[ast.stmt], local: str | None) -> bool:
        """Whether a body finds what lies under the key and puts it there: and into that local, or, where there is none,
        into one that is looked at nowhere else."""
        found = self._filled(body)
        if found is None or local is not None:
            return found is not None and found == local
        inside = {node for part in body for node in ast.walk(part)}
        return not any(isinstance(node, ast.Name) and node.id == found and node not in inside
                       for node in ast.walk(self._method.source.node))

    def _filled(self, body: list[ast.stmt]) -> str | None:
        """The local that has it as well, "" if there is none; None where something else is done."""
        body = [part for part in body if not is_log(self._method, part)]
        if not 1 <= len(body) <= 2 or not all(isinstance(part, ast.Assign) for part in body):
            return None
        first: Any = body[0]
        value, targets = first.value, [ast.unparse(target) for target in first.targets]
        if len(body) == 2:
            second: Any = body[1]
            if len(targets) != 1 or ast.unparse(second.value) != targets[0]:
                return None
            targets += [ast.unparse(target) for target in second.targets]
        if not self._is_of_the_key(value) or targets.count(self._entry) != 1 or len(targets) > 2:
            return None
        (local,) = [target for target in targets if target != self._entry] or [""]
        return local if not local or local.isidentifier() else None

    def _is_of_the_key(self, value: ast.expr) -> bool:
        """Whether a value depends on the key alone, and nothing is written to find it."""
        self._found.add(ast.unparse(value))
        return self.same.for_all_items(value) and quiet(self._methods, self._method, value) and \
            not any(node in self._nodes for node in ast.walk(value))

    def _is_setdefault(self, node: ast.Attribute) -> bool:
        """`self.found.setdefault(key, ...)`"""
        called = self._method.around[node]
        call = self._method.around.get(called)
        if not isinstance(called, ast.Attribute) or called.attr != "setdefault" or not isinstance(call, ast.Call):
            return False
        if call.func is not called or len(call.args) != 2 or call.keywords or ast.unparse(call.args[0]) != self._key:
            return False
        return self._is_of_the_key(call.args[1])


def _local(targets: list[ast.expr]) -> str:
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""
