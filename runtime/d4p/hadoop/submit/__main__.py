"""submit.sh: `python -m d4p.hadoop.submit BUNDLE NAME [--profile NAME] [options] [-- options of the program]`."""

from __future__ import annotations

import sys
from pathlib import Path

from d4p.hadoop.submit import exits
from d4p.hadoop.submit.options import parse
from d4p.hadoop.submit.submit import submit


def main() -> int:
    """Submit; gives the run's exit status."""
    bundle, name, *words = sys.argv[1:]
    return submit(Path(bundle), name, parse(words))


if __name__ == "__main__":
    exits.run(main)
