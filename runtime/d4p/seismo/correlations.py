"""`Correlations`: stored cross-correlations by pair, by station, as arrays, as obspy's traces and in Spark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from d4p.containers.dataframe import dataframe
from d4p.containers.records import Records
from d4p.errors import Refused
from d4p.filesystems.paths import Path
from d4p.items.batch import Batch
from d4p.seismo.correlation import Correlation
from d4p.seismo.ids import matching
from d4p.seismo.traces import trace

Pair = tuple[str, str]


class Correlations:
    """The `Correlation`s of a folder that `WriteArrow` wrote, of one of its files, or of a list or glob of files.

        found = Correlations("out")         # a path of this machine, hdfs://, s3://, ...
        len(found), found.ids, found.pairs, found.lags
        found["CI.CCA..BHN", "CI.HEC..BHN"] # a Correlation; ["CI.HEC..BHN", "CI.CCA..BHN"] the same, time reversed
        found["CCA", "HEC"]                 # where it is clear which channels are meant
        for c in found.of("CI.CCA..BHN"):   # all pairs of a station, which comes first in each
        for c in found:                     # all, as they are stored
        found.array()                       # (pairs, lags), in the order of found.pairs
        for batch in found.batches():       # the same, a few megabytes at a time
        found.stream("CI.CCA..BHN").plot()  # an obspy Stream
        found.dataframe(spark)              # a row a pair

    Opening reads the files' indices alone. Values are read-only views of the file: copy what is to be changed.

    Raises:
        Refused: nothing is there, no whole output, or no correlations; later also: no such pair or station.
        RunFailed: a file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = Records(path, Correlation)

    def __reduce__(self) -> Any:
        return Correlations, (self.path,)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Correlation]:
        return iter(self.records)

    def batches(self) -> Iterator[Batch]:
        """All, as they are stored, a few megabytes at a time: `batch.columns.values` is (pairs, lags), read-only."""
        return self.records.batches()

    def __repr__(self) -> str:
        return f"<Correlations {self.path}: {len(self):,} pairs of {len(self.ids):,}>"

    @cached_property
    def _codes(self) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Ids, sorted, and for each record the numbers of its first and its second."""
        if not len(self):
            return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
        columns = [self.records.columns.column(name).combine_chunks() for name in ("first", "second")]
        columns = [c if isinstance(c, pa.DictionaryArray) else c.dictionary_encode() for c in columns]
        names = [column.dictionary.to_pylist() for column in columns]
        ids = sorted({*names[0], *names[1]})
        number = {name: n for n, name in enumerate(ids)}
        first, second = (np.array([number[name] for name in known])[column.indices.to_numpy()]
                         for known, column in zip(names, columns, strict=True))  # fmt: skip
        return ids, first, second

    @cached_property
    def _code(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.ids)}

    @property
    def ids(self) -> list[str]:
        """The ids of all traces, sorted."""
        return self._codes[0]

    @cached_property
    def pairs(self) -> list[Pair]:
        """The ids of each pair, as they are stored."""
        ids, first, second = self._codes
        return [(ids[a], ids[b]) for a, b in zip(first.tolist(), second.tolist(), strict=True)]

    @cached_property
    def lags(self) -> np.ndarray:
        """(lags,), s. Raises Refused where pairs have others than the first."""
        if not len(self):
            return np.zeros(0)
        for name in ("rate", "first_lag"):
            column = self.records.columns.column(name).to_numpy()
            if (column != column[0]).any():
                raise Refused(f"the lags of all pairs must be the same to be one array; {name} is {column.min()} to "
                              f"{column.max()}: take the lags() of each")
        return self.records[0].lags()

    @cached_property
    def _by_pair(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys of pairs, sorted, and the records' numbers in that order."""
        ids, first, second = self._codes
        keys = first * len(ids) + second
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def between(self, first: str, second: str) -> list[Correlation]:
        """All correlations of a pair, of several channels and times; `first` is the first of each. Names are ids, or
        parts of them, NET.STA or STA. Raises Refused where there are no such traces."""
        found = []
        for a in matching(first, self.ids):
            for b in matching(second, self.ids):
                found += [self.records[n] for n in self._numbers(a, b)]
                found += [self.records[n].swapped() for n in self._numbers(b, a) if a != b]
        return found

    def __getitem__(self, pair: Pair) -> Correlation:
        """The correlation of a pair, in either order. Raises Refused where there is none, or several."""
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair)):
            raise Refused(f'a pair must be two ids, as in found["CI.CCA..BHN", "CI.HEC..BHN"]; it is {pair!r}')
        found = self.between(*pair)
        if not found:
            raise Refused(f"{self.path} has both {pair[0]} and {pair[1]}, and not their correlation")
        if len(found) > 1:
            some = ", ".join(f"{c.first} with {c.second} from {c.start:.0f} s" for c in found[:3])
            raise Refused(f"there are {len(found)} correlations of {pair[0]} and {pair[1]} ({some}...): give whole "
                          "ids, or take them all with between()")
        return found[0]

    def __contains__(self, pair: Pair) -> bool:
        known = all(name in self._code for name in pair)
        return known and bool(self._numbers(*pair) or self._numbers(*reversed(pair)))

    def of(self, station: str) -> Iterator[Correlation]:
        """All pairs of a trace, sorted by the other's id; it is the first of each. A name of several traces (NET.STA or
        STA) stands for all of them. Raises Refused."""
        ids, first, second = self._codes
        for name in matching(station, ids):
            mine = self._code[name]
            as_first, as_second = (np.flatnonzero(own == mine).tolist() for own in (first, second))
            found = [(second[n], n, False) for n in as_first]
            found += [(first[n], n, True) for n in as_second if first[n] != mine]
            for _, number, swap in sorted(found):
                yield self.records[number].swapped() if swap else self.records[number]

    def array(self, pairs: Iterable[Pair] | None = None) -> np.ndarray:
        """(pairs, lags): all values in the order of `pairs`, or those of the given ones. Raises Refused.

        It is a copy in memory; that of 499,500 pairs of 10,001 lags has 20 GB.
        """
        if pairs is None:
            return self.records.array("values")
        return np.stack([self[pair].values for pair in pairs])

    def trace(self, first: str, second: str) -> Any:
        """The correlation of a pair as an `obspy.Trace`: see `d4p.seismo.traces`."""
        return trace(self[first, second])

    def stream(self, of: str | Iterable[Pair] | None = None) -> Any:
        """An `obspy.Stream` of all pairs of a station, of a list of pairs, or of all there are."""
        from obspy import Stream

        if of is None or isinstance(of, str):
            return Stream([trace(c) for c in (self if of is None else self.of(of))])
        return Stream([self.trace(*pair) for pair in of])

    def dataframe(self, spark: Any) -> Any:
        """A row a pair, `values` an array, in a session of Spark: see `d4p.containers.dataframe`."""
        return dataframe(spark, self.path)

    def _numbers(self, first: str, second: str) -> list[int]:
        """The numbers of the records of a pair in this order."""
        keys, order = self._by_pair
        key = self._code[first] * len(self.ids) + self._code[second]
        start, stop = np.searchsorted(keys, [key, key + 1])
        return order[start:stop].tolist()
