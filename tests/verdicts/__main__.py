"""`python -m tests.verdicts [--target T]... [--seeds N]`: how often what is planted is named, and what is named where
nothing is. Wanted: 19 of 20, and nothing in 20 graphs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.targets import TARGETS, on_spark
from tests.verdicts.planting import planted
from tests.verdicts.running import named, right, run, session


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--target", action="append", choices=TARGETS, help="of these targets; all by default")
    options.add_argument("--seeds", type=int, default=20, help="graphs of each kind")
    options.add_argument("--first", type=int, default=0, help="the first seed")
    options.add_argument("--only", choices=("planted", "clean"))
    options.add_argument("--keep", metavar="FOLDER", help="where the records go; else they are removed")
    given = options.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="d4p-verdicts-") as folder:
        runs = Path(given.keep or folder)
        for target in given.target or TARGETS:
            spark = session(target) if on_spark(target) else None
            for clean in (False, True):
                if given.only == ("planted" if clean else "clean"):
                    continue
                good = 0
                for seed in range(given.first, given.first + given.seeds):
                    graph = planted(target, seed, clean)
                    found = run(graph, target, runs)
                    said = named(found)
                    good += right(graph, said)
                    if not right(graph, said):
                        what = "; ".join(f"{each.rule} {each.pe}" for each in said) or "nothing"
                        print(f"  {target} seed {seed}: {graph.kind or 'nothing'} {graph.pe} was planted, {what} is "
                              f"named ({found.id})", flush=True)
                print(f"{target:<12} {'nothing' if clean else 'something'} planted: right in {good} of {given.seeds}",
                      flush=True)
                failed += good < given.seeds - (not clean)
            if spark is not None:
                spark.stop()
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
