"""Keys of numpy, obspy and pandas types as bytes, without importing any of them.

An instance of a class means that its package is in `sys.modules` already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from d4p.host.imported import imported
from d4p.keys import canonical

Encode = Callable[[Any, tuple], bytes]

# Seconds in the linear units of numpy.datetime64 and timedelta64; months and years are not linear.
_SECONDS = {
    "W": Fraction(604_800), "D": Fraction(86_400), "h": Fraction(3_600), "m": Fraction(60), "s": Fraction(1),
    "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6), "ns": Fraction(1, 10**9),
    "ps": Fraction(1, 10**12), "fs": Fraction(1, 10**15), "as": Fraction(1, 10**18),
}  # fmt: skip
_MONTHS = {"M": 1, "Y": 12}
_BYTES = {canonical.of_int(value): value for value in range(256)}


def encoder(cls: type, encode: Encode) -> Encode | None:
    """The function that turns a key of class `cls` into bytes, or None where its equality isn't known here.

    `encode(key, above)` is the general one, for what a key contains.
    """
    package = cls.__module__.partition(".")[0]
    if package == "numpy":
        return _numpy(cls, sys.modules["numpy"], encode)
    if package == "pandas" and hasattr(cls, "asm8"):  # Timestamp, Timedelta and NaT: nanoseconds
        return lambda key, above: encode(key.asm8, above)
    obspy = imported("obspy.core.utcdatetime")
    if obspy is not None and issubclass(cls, obspy.UTCDateTime) and cls.__eq__ is obspy.UTCDateTime.__eq__:
        return _utcdatetime
    return None


def of_values(shape: Sequence[int], values: list, encode: Encode, above: tuple) -> bytes:
    """An array, a memoryview or an array.array: its shape and its values, whatever their type.

    A memoryview equals every buffer with the same values, so one dimension of bytes is that bytes object.
    """
    if not shape:
        return encode(values[0], above)
    parts = [encode(value, above) for value in values]
    if len(shape) == 1 and all(map(_BYTES.__contains__, parts)):
        return frame_bytes(bytes([_BYTES[part] for part in parts]))
    sizes = b"".join(map(canonical.of_int, shape))
    return canonical.frame(b"a", canonical.frame(b"s", sizes), *parts)


def frame_bytes(value: bytes) -> bytes:
    return canonical.frame(b"b", value)


def _utcdatetime(key: Any, above: tuple) -> bytes:
    """Its moment, rounded as its `==` rounds: half to even, to its precision.

    Finer precisions than the default 6 are rounded to 6, since they are compared so with everything else. It also
    equals strings, and numbers within its rounding, which no transitive relation can follow: 1.0 and 1.0000001 are
    different numbers. Those aren't honoured.
    """
    rounded = round(key._ns, min(key.precision, 6) - 9)
    return canonical.of_ratio(rounded, 10**9)


def _numpy(cls: type, np: Any, encode: Encode) -> Encode | None:
    if issubclass(cls, np.ndarray):
        return None if issubclass(cls, np.ma.MaskedArray) else lambda key, above: _array(key, np, encode, above)
    if not issubclass(cls, np.generic):
        return None
    if issubclass(cls, np.datetime64):
        return lambda key, above: _datetime64(key, np)
    if issubclass(cls, np.timedelta64):
        return lambda key, above: _timedelta64(key, np)
    if issubclass(cls, np.longdouble):
        return lambda key, above: _longdouble(key)
    if issubclass(cls, np.clongdouble):
        return lambda key, above: canonical.of_parts(_longdouble(key.real), _longdouble(key.imag))
    return lambda key, above: encode(key.item(), above)  # a bool, int, float, complex, str, bytes; void: a tuple


def _array(key: Any, np: Any, encode: Encode, above: tuple) -> bytes:
    # tolist() gives Python's exact values, but not of long doubles nor of times finer than microseconds.
    flat = key.ravel()
    exact = key.dtype.kind in "mMV" or key.dtype.type in (np.longdouble, np.clongdouble)
    values = [flat[i] for i in range(flat.size)] if exact else flat.tolist()
    return of_values(key.shape, values, encode, above)


def _longdouble(key: Any) -> bytes:
    if key != key or key in (float("inf"), float("-inf")):
        return canonical.of_float(float(key))
    return canonical.of_ratio(*key.as_integer_ratio())


def _datetime64(key: Any, np: Any) -> bytes:
    """Rounded to microseconds, as obspy compares it."""
    if np.isnat(key):
        return canonical.NAT
    unit, step = np.datetime_data(key.dtype)
    if unit in _MONTHS:
        key, unit, step = key.astype("datetime64[D]"), "D", 1
    return canonical.of_microseconds(round(int(key.view("i8")) * step * _SECONDS[unit] * 10**6))


def _timedelta64(key: Any, np: Any) -> bytes:
    """Seconds, equal across units and to timedelta. numpy also has every unit equal the bare count (1 ms == 1 == 1 s):
    only that of seconds, and the unit-less one, can be honoured."""
    if np.isnat(key):
        return canonical.NAT
    unit, step = np.datetime_data(key.dtype)
    count = int(key.view("i8")) * step
    if unit in _MONTHS and count:
        return canonical.frame(b"m", canonical.of_int(count * _MONTHS[unit]))
    return canonical.of_fraction(count * _SECONDS.get(unit, Fraction(1)))
