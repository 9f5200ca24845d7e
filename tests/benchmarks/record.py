"""What it costs to record a run: the CPU of programs with a record, and with --profile, beside the same without.

Both run at once on two cores. Programs of two processes have half of the cores' seconds each, so the clock by which a
record is kept goes half as fast there.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import d4p_compile

from .measure import Command, Row, at_most, at_once, middle_ratio

SLOWED = Path(__file__).with_name("slowed.py")
WORKFLOW = Path(__file__).with_name("workflows") / "record.py"
BOOK = Path(__file__).resolve().parents[2] / "examples" / "wordcount" / "opticks.txt"
ROUNDS = 5
#: Cores for both programs of a row: so who keeps the record of one process has a core beside it, as it mostly has.
CORES = 2
#: Targets, each in so many processes, and what is run there, with so many items that it takes some seconds: what a
#: record takes once is a few hundredths of one.
TARGETS = {"sequential": 1, "processes": 2}
KINDS = {"sequential": {"words": 40, "integers": 2_000_000, "arrays": 160_000},
         "processes": {"words": 150, "integers": 10_000_000, "arrays": 200_000}}


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="d4p-bench-record-") as folder:
        for target, processes in TARGETS.items():
            for kind, items in KINDS[target].items():
                bundle = d4p_compile.compile(f"{WORKFLOW}:{kind}", target, 2, output=Path(folder) / f"{kind}-{target}",
                                             parameters=_parameters(kind, items // (10 if quick else 1)))
                for what, words, most in ((kind, [], 1.01), (f"{kind}, --profile", ["--profile"], 1.03)):
                    none, recorded = at_once(3 if quick else ROUNDS, *(
                        Command([sys.executable, str(SLOWED), str(processes), str(bundle.script), "-q", *each],
                                {"D4P_RUNS": f"{folder}/runs"}) for each in (["--no-record"], words)), width=CORES)
                    yield Row(f"record, {target}, {what}", f"{median(recorded):.2f} s", f"none {median(none):.2f} s",
                              **_at_most(middle_ratio(recorded, none), most))


def _at_most(ratio: float, most: float) -> dict[str, object]:
    return at_most(ratio, most) | {"ratio": f"{ratio:.3f}"}


def _parameters(kind: str, items: int) -> dict[str, object]:
    return {"items": items} | ({"path": str(BOOK)} if kind == "words" else {})
