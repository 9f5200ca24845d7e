"""Numbers, moments and durations as bytes: equal values give equal bytes, whatever their type.

The rule of the whole encoding: it may be coarser than `==` (two unequal keys that share their bytes merely share an
instance), never finer. So numbers, moments and durations form one family. A moment is its seconds since 1970 in UTC,
since an obspy UTCDateTime equals the number of its seconds, the naive *and* the aware datetime, and the date at
midnight; a duration is its seconds, since numpy.timedelta64(1, "s") == 1.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from decimal import Decimal
from fractions import Fraction

# Python's own modulus for hashing numbers (64 bit). It stands for integers that no float can equal.
_PRIME = 2**61 - 1
_HUGE = 2**1024
# float32 tells whole numbers apart below this. See `of_float`.
_FLOAT32_EXACT = 2.0**24
_FLOAT32 = struct.Struct("<f")
_FLOAT64 = struct.Struct("<d")
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)


def frame(tag: bytes, *parts: bytes) -> bytes:
    """One value: its one-byte type tag, the length of its body, the body. No two sequences of frames read the same."""
    body = b"".join(parts)
    return b"%b%d:%b" % (tag, len(body), body)


NAN = frame(b"x", b"nan")
NAT = frame(b"x", b"nat")
INFINITY = {True: frame(b"x", b"+inf"), False: frame(b"x", b"-inf")}


def of_int(value: int) -> bytes:
    """The exact integer. Beyond 2**1024, where no float goes, its residue (a Decimal may have a billion digits)."""
    value = int(value)  # a bool, an IntEnum member
    if -_HUGE < value < _HUGE:
        return frame(b"i", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))
    return _of_huge(value % _PRIME)


def _of_huge(residue: int) -> bytes:
    return frame(b"I", b"%d" % (residue % _PRIME))


ZERO = of_int(0)


def of_float(value: float) -> bytes:
    """The exact integer where the value is whole; otherwise the nearest float32, or the float64 from 2**24 up.

    Rounding to float32 is for numpy 2, where a Python float takes on the type it is compared with ("weak promotion",
    NEP 50): numpy.float32(0.1) == 0.1 is True though values and hashes differ; so is numpy.float32(0) == 1e-50.
    Such comparisons are not transitive once float32 cannot tell whole numbers apart: numpy.float32(2**24) equals 2**24
    and 2**24 + 1. There, and for float16 (11 bits) and numpy.int64(2**53 + 1) == 2.0**53, keys are told apart by their
    exact values, as Python's own types do.
    """
    if value != value:
        return NAN
    if math.isinf(value):
        return INFINITY[value > 0]
    if -_FLOAT32_EXACT < value < _FLOAT32_EXACT:
        value = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    if value == math.floor(value):
        return of_int(int(value))
    return frame(b"f", _FLOAT64.pack(value))


def of_ratio(numerator: int, denominator: int) -> bytes:
    """numerator / denominator, from a Fraction, a long double or a count of small units."""
    if numerator % denominator == 0:
        return of_int(numerator // denominator)
    try:
        return of_float(numerator / denominator)
    except OverflowError:
        return INFINITY[numerator > 0]


def of_fraction(value: Fraction) -> bytes:
    return of_ratio(value.numerator, value.denominator)


def of_decimal(value: Decimal) -> bytes:
    """A Decimal, without ever writing out the digits of 1E+999999999."""
    if value.is_nan():
        return NAN
    if value.is_infinite():
        return INFINITY[value > 0]
    if not value:
        return ZERO
    if value.adjusted() > 310:  # beyond every float
        sign, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        if exponent < 0 and value != value.to_integral_value():
            return INFINITY[not sign]
        coefficient = int(Decimal((0, digits, 0)))
        if exponent < 0:
            whole = coefficient // 10**-exponent
        else:
            whole = coefficient * pow(10, exponent, _PRIME)
        return _of_huge(-whole if sign else whole)
    if value.adjusted() < -400:  # float32 has it as 0
        return ZERO
    return of_ratio(*value.as_integer_ratio())


def of_complex(value: complex) -> bytes:
    """A complex number on the real line is that real number."""
    return of_parts(of_float(value.real), of_float(value.imag))


def of_parts(real: bytes, imaginary: bytes) -> bytes:
    if NAN in (real, imaginary):
        return NAN
    return real if imaginary == ZERO else frame(b"c", real, imaginary)


def of_microseconds(count: int) -> bytes:
    """A moment (since 1970) or a duration, as the number of its seconds."""
    return of_ratio(count, 1_000_000)


def of_datetime(value: dt.datetime) -> bytes:
    """Seconds since 1970 in UTC; a naive one as if it were UTC (as obspy takes it).

    `fold` is dropped as in datetime's own hash: within one zone, both readings of a repeated hour are equal.
    """
    value = value.replace(fold=0)
    offset = value.utcoffset()
    since = value.replace(tzinfo=None) - _EPOCH
    return of_timedelta(since if offset is None else since - offset)


def of_date(value: dt.date) -> bytes:
    return of_datetime(dt.datetime(value.year, value.month, value.day))


def of_timedelta(value: dt.timedelta) -> bytes:
    return of_microseconds(value // _MICROSECOND)


def of_time(value: dt.time) -> bytes:
    """A time of day; an aware one less its offset, not wrapped at midnight (so that is how they compare)."""
    value = value.replace(fold=0)
    offset = value.utcoffset()
    clock = dt.timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    return frame(b"t", of_timedelta(clock)) if offset is None else frame(b"T", of_timedelta(clock - offset))
