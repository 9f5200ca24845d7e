"""Dead letters: what is written of an item that is set aside."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import sys
import traceback
from typing import Any

from d4p.describe.failure import at_source
from d4p.describe.tracebacks import error_text, own_traceback


def letter(pe: Any, name: str, port: str | None, instance: int, number: int, item: Any, error: BaseException,
           tries: int) -> dict[str, Any]:
    """What a line of a dead-letter folder says, as a dict:

    - `item`, as in results, `pickle`, its pickle in base64, and `sha256`, of that pickle; both None where it has none;
    - `pe`, its name in the plan, and `class`; `port` of the item, None where it is what a root without ports gets;
    - `instance` and `number`, of the item from 1 on, over all ports (of a reader that of the file or piece of one);
    - `error`, the type of the exception, `message` and `traceback`, the PE's own; `tries`, at least 1.
    """
    try:
        blob = pickle.dumps(item, 5)
    except Exception:
        blob = None
    return {
        "item": item,
        "pickle": None if blob is None else base64.b64encode(blob).decode(),
        "sha256": None if blob is None else hashlib.sha256(blob).hexdigest(),
        "pe": name, "class": type(pe).__name__, "port": port, "instance": instance, "number": number,
        "error": type(error).__name__, "message": error_text(error),
        "traceback": at_source(own_traceback(error, traceback.walk_tb(error.__traceback__), ""),
                               os.path.dirname(os.path.abspath(sys.argv[0]))), "tries": tries,
    }  # fmt: skip
