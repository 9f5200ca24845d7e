"""What Python prints of an error that is meant for the user and that nobody has caught: in a script, with `-c`, and at
its prompt. As in notebooks these are the user's own lines and the message."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from d4p.describe.printable import complain
from d4p.describe.tracebacks import told
from d4p.errors import D4pError


def tell() -> None:
    """From now on say so much of them; `D4P_DEBUG=1` shows all, and what isn't ours goes where it went before."""
    before = sys.excepthook
    if getattr(before, "__module__", None) == __name__:
        return

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not isinstance(error, D4pError) or os.environ.get("D4P_DEBUG") == "1":
            before(kind, error, traceback)
            return
        for line in told(error.with_traceback(traceback)):
            complain(line)

    sys.excepthook = hook
