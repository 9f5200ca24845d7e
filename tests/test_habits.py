"""What tests themselves must keep: nothing that they start runs for ever, and none waits for a fixed time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
#: Workflows play the slow and the stuck; programs are the compiler's; figures are no tests.
OTHERS = ("workflows", "golden", "benchmarks")
FILES = [path for path in sorted(TESTS.rglob("*.py")) if not {*path.relative_to(TESTS).parts} & {*OTHERS}]
LOOPS = (ast.While, ast.For, ast.comprehension, ast.ListComp)


def called(path: Path) -> Iterator[tuple[str, ast.Call, tuple[ast.AST, ...]]]:
    """The calls of a file, each with what it calls and what it lies in."""
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(ast.parse(path.read_text()), ())]
    while waiting:
        node, above = waiting.pop()
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node, above
        waiting += [(child, (*above, node)) for child in ast.iter_child_nodes(node)]


def said(path: Path, found: list[ast.Call]) -> list[str]:
    return [f"{path.relative_to(TESTS.parent)}:{node.lineno}: {ast.unparse(node)[:80]}" for node in found]


@pytest.mark.parametrize("names", [
    ("subprocess.run", "subprocess.check_output", "subprocess.check_call", "subprocess.call"), (".communicate",),
    (".wait",)], ids=lambda names: names[0])  # fmt: skip
def test_whatever_is_waited_for_has_a_limit_of_time(names):
    without = []
    for path in FILES:
        without += said(path, [node for name, node, _ in called(path) if name.endswith(names)
                               and "timeout" not in {word.arg for word in node.keywords}
                               and not (name.endswith(".wait") and node.args)])  # fmt: skip
    assert not without, "give each a timeout"


def test_nothing_waits_for_a_fixed_time():
    fixed = []
    for path in FILES:
        for name, node, above in called(path):
            within = above[max((i for i, a in enumerate(above) if isinstance(a, ast.FunctionDef)), default=0) :]
            pe = any(isinstance(a, ast.ClassDef) for a in above)  # one that plays the slow
            if name in ("time.sleep", "sleep") and not pe and not any(isinstance(a, LOOPS) for a in within):
                fixed += said(path, [node])
    assert not fixed, "wait until something is so, in a loop with a limit: tests.chaos.programs.until"
