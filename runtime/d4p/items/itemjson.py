"""Items as JSON: readable where JSON has the value, lossless where it hasn't.

    item                                        JSON
    None, bool, int, float, str                 itself
    NaN, infinities                             {"$float": "nan"}, {"$float": "inf"}, {"$float": "-inf"}
    lists, tuples                               a list
    dicts (and obspy's AttribDict) with str     an object, unless a key begins with "$"
    keys
    numpy bools, integers, floats, strings      the number, bool or string
    numpy arrays                                nested lists
    dates, times, UTCDateTime, datetime64       a string in ISO 8601
    anything else                               {"$pickle": base64, "repr": "..."}, and only {"repr": "..."} where it
                                                cannot be pickled

Values are kept, types where it says "itself" or "anything else": a tuple comes back as a list, a time as its string.
"""

from __future__ import annotations

import base64
import collections
import datetime as dt
import json
import math
import pickle
from typing import Any

from d4p.host.imported import imported
from d4p.items.shape import parsed
from d4p.keys.short import short

_AS_THEY_ARE = frozenset({type(None), bool, str})
_OBJECTS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
# Python refuses to write integers of more than 4,300 digits.
_LONGEST_INT_BITS = 10_000
_FLOATS = ("nan", "inf", "-inf")
_EPOCH = dt.datetime(1970, 1, 1)
_encode = json.JSONEncoder(allow_nan=False).encode


def dumps_json(item: Any) -> str:
    """One item as one line of strict JSON."""
    return _encode(to_json(item))


def loads_json(text: str, *, unpickle: bool = False) -> Any:
    """The item of a line. Raises ValueError where it is none.

    What only a pickle holds stays as it is in the file, `{"$pickle": ..., "repr": ...}`: a pickle runs whatever whoever
    wrote it put in it. With `unpickle=True`, for files that you trust, it comes back as the object.
    """

    def restore(found: dict) -> Any:
        if found.keys() == {"$float"} and found["$float"] in _FLOATS:
            return float(found["$float"])
        if unpickle and found.keys() == {"$pickle", "repr"}:
            return pickle.loads(base64.b64decode(found["$pickle"]))
        return found

    return parsed(text, object_hook=restore)


def is_pickled(found: Any) -> bool:
    """Whether a value that was read stands for a pickle that was left unread."""
    return isinstance(found, dict) and found.keys() == {"$pickle", "repr"} and isinstance(found["repr"], str)


def to_json(item: Any) -> Any:
    """The item as what `json.dumps` writes as strict JSON; see the table above."""
    try:
        return _to_json(item)
    except RecursionError:  # nested deeper than JSON's readers take, or containing itself
        return _pickled(item)


def _to_json(item: Any) -> Any:
    cls = type(item)
    if cls in _AS_THEY_ARE:
        return item
    if cls is float:
        return item if math.isfinite(item) else {"$float": repr(item)}
    if cls is int:
        return item if item.bit_length() < _LONGEST_INT_BITS else _pickled(item)
    if isinstance(item, (list, tuple)):
        return [_to_json(part) for part in item]
    if cls in _OBJECTS or _is_attribdict(item):
        if all(type(key) is str and not key.startswith("$") for key in item):
            return {key: _to_json(value) for key, value in item.items()}
        return _pickled(item)
    if isinstance(item, (dt.date, dt.time)):
        return item.isoformat()
    obspy = imported("obspy.core.utcdatetime")
    if obspy is not None and isinstance(item, obspy.UTCDateTime):
        seconds, fraction = divmod(item._ns, 10**9)
        digits = f"{fraction:09d}"
        digits = digits[:6] if digits.endswith("000") else digits
        return f"{(_EPOCH + dt.timedelta(seconds=seconds)).isoformat()}.{digits}Z"
    np = imported("numpy")
    if np is not None and isinstance(item, (np.generic, np.ndarray)):
        return _numpy(item, np)
    return _pickled(item)


def _is_attribdict(item: Any) -> bool:
    obspy = imported("obspy.core.util.attribdict")
    return obspy is not None and isinstance(item, obspy.AttribDict)


def _numpy(item: Any, np: Any) -> Any:
    """Numbers and nested lists; a kind of value that JSON has no word for is pickled, an array of it as a whole."""
    kind = item.dtype.kind
    if kind in "mcV" or isinstance(item, np.ma.MaskedArray) or item.dtype.type is np.longdouble:
        return _pickled(item)
    if kind == "M":
        return np.datetime_as_string(item).tolist()
    if kind == "S":
        return _pickled(item)
    if kind == "f" and np.isfinite(item).all():
        return item.tolist()
    return item.tolist() if kind in "biuU" else _to_json(item.tolist())


def _pickled(item: Any) -> dict[str, str]:
    try:
        blob = pickle.dumps(item, 5)
    except Exception:
        return {"repr": short(item)}
    return {"$pickle": base64.b64encode(blob).decode("ascii"), "repr": short(item)}
