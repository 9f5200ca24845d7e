"""submit.sh: `python -m d4p.submit BUNDLE NAME [--profile NAME] [options] [-- options of the program]`."""

from __future__ import annotations

import sys
from pathlib import Path

from d4p.submit import exits
from d4p.submit.options import parse
from d4p.submit.submit import submit


def main() -> int:
    """Submit; gives the run's exit status."""
    bundle, name, *words = sys.argv[1:]
    return submit(Path(bundle), name, parse(words))


if __name__ == "__main__":
    exits.run(main)
