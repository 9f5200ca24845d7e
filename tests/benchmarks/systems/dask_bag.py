"""Dask bag on its processes scheduler: its option is how many workers it has."""

import dask
import dask.bag as db
from work import add_one, array, first, main, of_counts

PARTITIONS = 8


def add(total, item):
    return total[0] + 1, total[1] + first(item)


def merge(one, other):
    return one[0] + other[0], one[1] + other[1]


def answer(kind, given, workers):
    """Computed by so many workers."""
    dask.config.set(scheduler="processes", num_workers=int(workers))
    if kind == "words":
        return of_counts(db.read_text(given, blocksize="8MiB").str.split().flatten().frequencies().compute())
    items = db.range(int(given), npartitions=PARTITIONS)
    if kind == "arrays":
        items = items.map(array)
    return items.map(add_one).map(add_one).fold(add, merge, initial=(0, 0)).compute()


if __name__ == "__main__":
    main(f"Dask {dask.__version__}", answer)
