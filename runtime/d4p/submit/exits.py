"""How the programs of this package end: with a sentence for what went wrong, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from d4p.errors import D4pError, Refused


def run(program: Callable[[], int | None]) -> NoReturn:
    """Run and exit: 0 done, 1 it failed, 2 it was refused before it began, 130 interrupted."""
    try:
        status = program() or 0
    except D4pError as error:
        print(f"{'refused' if isinstance(error, Refused) else 'failed'}: {error}", file=sys.stderr)
        status = error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
