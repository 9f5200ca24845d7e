"""submit.sh: `python -m d4p.submit BUNDLE NAME [--profile NAME] [options] [-- options of the program]`."""

from __future__ import annotations

import sys
from pathlib import Path

from d4p.errors import D4pError, Refused
from d4p.submit.options import parse
from d4p.submit.submit import submit


def main() -> None:
    """Submit and exit: 0 done, 1 it failed, 2 it was refused before it began, 130 interrupted."""
    bundle, name, *words = sys.argv[1:]
    try:
        status = submit(Path(bundle), name, parse(words))
    except D4pError as error:
        print(f"{'refused' if isinstance(error, Refused) else 'failed'}: {error}", file=sys.stderr)
        status = error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
