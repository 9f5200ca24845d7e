"""dispel4py 1.2.1 and the same workflow file through `d4p run`: whole runs, less what a run without items takes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .compiled import WORKFLOWS
from .measure import Row, alternating, at_least, seconds
from .words import write_text

VERSION = "1.2.1"
WORKFLOW = str(WORKFLOWS / "original.py")
#: Items of a run, and how many times as fast as its multi mapping ours must be.
WORK = {"numbers": (1_000_000, 20), "arrays": (40_000, 5), "words": (1_000_000, 10)}
SAID = {"numbers": "4 PEs, integers", "arrays": "4 PEs, arrays of 64 KiB", "words": "word count"}
#: Our runs are so short that the start of a process hides them: so many for each of theirs.
SHORT = 3


def rows(quick: bool) -> Iterator[Row]:
    if importlib.util.find_spec("imp") is None:
        yield Row(f"dispel4py {VERSION}", "", "does not run here: Python has no module imp")
        return
    path = installed()
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        for kind, (items, least) in WORK.items():
            items = items // 4 if quick else items
            given, nothing = inputs(kind, items, Path(folder)), inputs(kind, 0, Path(folder))
            for mapping, target in ("multi", "processes"), ("simple", "sequential"):
                options = [WORKFLOW, "-a", kind, *(["-n", "4"] if mapping == "multi" else [])]
                theirs = [sys.executable, "-m", "dispel4py", mapping, *options]
                ours = [sys.executable, "-m", "d4p_compile", "run", "--fuse", "--target", target, *options]
                full, empty, our_full, our_empty = alternating(
                    1 if quick else 2,
                    partial(run, [*theirs, *given], path, items), partial(run, [*theirs, *nothing], path, 0),
                    partial(run, [*ours, *given], None, items, SHORT), partial(run, [*ours, *nothing], None, 0, SHORT),
                )
                yield row(f"{SAID[kind]}: {target} | {mapping}", items, our_full - our_empty, full - empty,
                          least if mapping == "multi" else 0)


def row(what: str, items: int, ours: float, theirs: float, least: float) -> Row:
    """One line of the table, from the seconds for all items."""
    other = f"{items / theirs:,.0f} items/s"
    if ours <= 0:
        return Row(what, "too short to tell", other)
    ratio = f"{theirs / ours:.1f} times"
    wanted = at_least(theirs / ours, least, ratio, f">= {least} times") if least else {"ratio": ratio}
    return Row(what, f"{items / ours:,.0f} items/s", other, **wanted)


def installed() -> Path:
    """A folder of its own with dispel4py and a networkx it works with, kept for the next time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d4p-benchmarks"
    folder = cache / f"dispel4py-{VERSION}-python{sys.version_info.major}.{sys.version_info.minor}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as making:
            pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", f"{making}/made"]
            subprocess.run([*pip, f"dispel4py=={VERSION}", "networkx<3"], check=True)
            os.replace(f"{making}/made", folder)
    return folder


def inputs(kind: str, items: int, folder: Path) -> list[str]:
    """The options that give a run so many items."""
    if kind != "words":
        return ["-i", str(items)]
    text = folder / f"{items}.txt"
    if not text.exists():
        write_text(text, items)
    return ["-d", json.dumps({"read": [{"input": str(text)}]})]


def run(command: list[str], path: Path | None, count: int, times: int = 1) -> float:
    """The seconds of a command, whose last PE must have seen all items. `path` is where dispel4py is."""
    environment = {**os.environ, "PYTHONPATH": str(path)} if path else dict(os.environ)
    said: list[str] = []

    def once() -> None:
        said.append(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)

    taken = min(seconds(once) for _ in range(times))
    for text in said:
        if f"counted {count}" not in text:
            raise RuntimeError(f"{' '.join(command)} did not count {count} items:\n{text[-2000:]}")
    return taken
