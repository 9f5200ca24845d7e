"""`python -m tests.extras [NAME...] [--oldest] [--keep FOLDER]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.extras.checks import CHECKS, Wrong, check
from tests.extras.environment import Environment, extras, oldest, wheel


def main() -> int:
    known = ["none", *extras()]
    parser = argparse.ArgumentParser(prog="python -m tests.extras", description="Try extras of setup.py, each alone.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; else all")
    parser.add_argument("--oldest", action="store_true", help="with the oldest packages that setup.py allows")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the environments there, and leave them")
    given = parser.parse_args()
    if unknown := set(given.names) - set(known):
        parser.error(f"there is no extra {min(unknown)!r}: there are {', '.join(known)}")
    if unchecked := set(known) - set(CHECKS):
        parser.error(f"nothing says what runs with the extra {min(unchecked)!r}: tests/extras/checks.py")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="d4p-extras-") as temporary:
        folder = given.keep.absolute() if given.keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        package = wheel(folder)
        for name in given.names or known:
            try:
                made = Environment(folder / name, package, name, oldest() if given.oldest else ())
                for line in check(made):
                    print(f"{name}: {line}", flush=True)
            except Wrong as error:
                wrong += 1
                print(f"{name}: WRONG: {error}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
