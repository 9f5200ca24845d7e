"""How the programs of this package end: with a sentence for what went wrong, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from d4p.describe.boundary import kind, plain
from d4p.describe.printable import complain, open_streams


def run(program: Callable[[], int | None]) -> NoReturn:
    """Run and exit: 0 done, 1 it failed, 2 it was refused before it began, 130 interrupted."""
    open_streams()
    try:
        status = program() or 0
    except KeyboardInterrupt:
        complain("interrupted")
        status = 130
    except Exception as error:
        known = plain(error)
        if known is None:
            raise
        complain(f"{kind(known)}: {known}")
        status = known.exit_status
    sys.exit(status)
