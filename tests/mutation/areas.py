"""Where the code is that faults are put into, and which tests are meant for it: a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Area:
    """Files or folders of code, and the tests meant for them, from the root of the checkout: globs."""

    code: tuple[str, ...]
    tests: tuple[str, ...]

    def sources(self, root: Path) -> list[str]:
        return _files(root, self.code)

    def test_files(self, root: Path) -> list[str]:
        return [name for name in _files(root, self.tests) if Path(name).name.startswith("test_")]


#: Only tests that run in the process of pytest: of a fault that no line of theirs comes by they could say nothing.
AREAS = {
    "passes": Area(("d4p_compile/passes",), ("tests/unit/test_passes*.py", "tests/unit/test_native.py",
                                             "tests/unit/test_declared_fields.py", "tests/unit/test_pairs_ways.py",
                                             "tests/unit/test_show.py")),
    "analysis": Area(("d4p_compile/analysis",), ("tests/unit/state", "tests/unit/test_inline.py",
                                                 "tests/unit/test_native.py", "tests/unit/test_yields.py")),
    "keys": Area(("runtime/d4p/keys",), ("tests/unit/test_keys.py",)),
    "items": Area(("runtime/d4p/items",), ("tests/unit/test_items.py", "tests/unit/test_itemjson.py",
                                           "tests/unit/test_batch.py", "tests/unit/test_schema.py",
                                           "tests/unit/test_put_back.py",
                                           "tests/unit/test_shape.py", "tests/unit/test_whypickle.py")),
    "outputs": Area(("runtime/d4p/outputs", "runtime/d4p/commit"),
                    ("tests/unit/test_claim.py", "tests/unit/test_output*.py",
                     "tests/unit/test_own_folders.py", "tests/unit/test_result_files.py",
                     "tests/unit/test_resume.py", "tests/unit/test_writers.py", "tests/unit/test_written.py")),
    "pairs": Area(("runtime/d4p/pairs",), ("tests/unit/test_pairs*.py", "tests/unit/test_tile_parts.py")),
    "inputs": Area(("runtime/d4p/workflow/inputs.py",), ("tests/unit/test_inputs.py",)),
    "channels": Area(("runtime/d4p/engines/channels",), ("tests/unit/test_sender.py", "tests/unit/test_backlog.py",
                                                 "tests/unit/test_parcels.py")),
}  # fmt: skip


def _files(root: Path, patterns: tuple[str, ...]) -> list[str]:
    found = {path for pattern in patterns for place in root.glob(pattern)
             for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])}
    return sorted(path.relative_to(root).as_posix() for path in found)
