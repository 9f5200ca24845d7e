"""`python -m tests.mutation [AREA ...] [--count N] [--seed S]`: puts faults in and says which no test notices."""

from __future__ import annotations

import argparse
import difflib
import signal
import sys
import time
from pathlib import Path

from .areas import AREAS
from .trial import Outcome, choose, try_area

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    options.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; all, where none is named")
    options.add_argument("--count", type=int, default=100, help="faults for each area; 0 for all there are")
    options.add_argument("--seed", default="1", help="another seed, other faults")
    options.add_argument("--jobs", type=int, default=1, help="how many run beside each other")
    options.add_argument("--file", help="only faults of files whose path has this in it")
    options.add_argument("--at-least", type=int, default=95, metavar="PERCENT", help="the status is 1 below it")
    options.add_argument("-v", "--verbose", action="store_true", help="say of each fault which test noticed it")
    arguments = options.parse_args()
    if unknown := set(arguments.areas) - set(AREAS):
        options.error(f"there is no area {', '.join(sorted(unknown))}: there are {', '.join(AREAS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and so through what tidies up
    enough = True
    for name in arguments.areas or AREAS:
        enough &= _area(name, arguments)
    return 0 if enough else 1


def _area(name: str, arguments: argparse.Namespace) -> bool:
    began, area = time.monotonic(), AREAS[name]
    chosen = choose(ROOT, area, arguments.count or None, f"{arguments.seed} {name}")
    chosen = [fault for fault in chosen if (arguments.file or "") in fault.path]
    outcomes = []
    for outcome in try_area(ROOT, area, chosen, arguments.jobs, lambda note: print(f"{name}: {note}", flush=True)):
        outcomes.append(outcome)
        if arguments.verbose or outcome.noticed is None:
            print(said(outcome), flush=True)
    seen = sum(outcome.noticed is not None for outcome in outcomes)
    late = sum(outcome.noticed == "time" for outcome in outcomes)
    share = 100 * seen / max(1, len(outcomes))
    print(f"{name}: {seen} of {len(outcomes)} faults noticed ({share:.0f} %), {late} of them since tests didn't end; "
          f"{time.monotonic() - began:.0f} s", flush=True)
    return share >= arguments.at_least


def said(outcome: Outcome) -> str:
    """A fault as a difference, and what came of it."""
    fault, source = outcome.fault, outcome.source
    before, after = (text.decode().splitlines() for text in (source, fault.put_into(source)))
    lines = [line for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]]
    came = f"noticed by {outcome.noticed}" if outcome.noticed else f"NOT NOTICED by {outcome.tried} tests"
    return "\n".join([f"{fault.path}:{fault.line}: {fault.kind}: {came}", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
