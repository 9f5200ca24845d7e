"""The examples in docstrings hold."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "d4p_compile", ROOT / "runtime" / "d4p")


def modules() -> list[str]:
    found = []
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            if ">>> " in path.read_text():
                parts = path.relative_to(folder.parent).with_suffix("").parts
                found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@pytest.mark.parametrize("module", modules())
def test_examples_hold(module):
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed


def test_every_pass_shows_before_and_after():
    from d4p_compile.passes import PASSES

    shown = set(modules())
    assert not [step.__module__ for step in PASSES if step.__module__ not in shown]
