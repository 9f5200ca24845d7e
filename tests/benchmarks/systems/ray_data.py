"""Ray Data: its option is how many CPUs it may use. Steps get batches, as its documentation advises."""

from collections import Counter

import numpy as np
import ray
from work import add_one, array, main, of_counts


def step(batch):
    return {"item": [add_one(int(item)) for item in batch["item"]]}


def numbers(batch):
    return {"item": batch["id"]}


def arrays(batch):
    return {"item": np.stack([array(int(number)) for number in batch["id"]])}


def step_of_arrays(batch):
    return {"item": add_one(batch["item"])}


def totals(batch):
    items = batch["item"]
    return {"count": [len(items)], "sum": [int(items.sum() if items.ndim == 1 else items[:, 0].sum())]}


def count(batch):
    counts = Counter(word for line in batch["text"] for word in line.split())
    return {"word": list(counts), "n": list(counts.values())}


def answer(kind, given, workers):
    """With so many CPUs."""
    if not ray.is_initialized():
        ray.init(num_cpus=int(workers), include_dashboard=False, log_to_driver=False, logging_level="error")
        ray.data.DataContext.get_current().enable_progress_bars = False
    if kind == "words":
        counts = ray.data.read_text(given).map_batches(count).groupby("word").sum("n")
        return of_counts((row["word"], row["sum(n)"]) for row in counts.iter_rows())
    items = ray.data.range(int(given))
    if kind == "numbers":
        items = items.map_batches(numbers).map_batches(step).map_batches(step)
    else:
        items = items.map_batches(arrays, batch_size=64)
        items = items.map_batches(step_of_arrays, batch_size=64).map_batches(step_of_arrays, batch_size=64)
    rows = items.map_batches(totals).take_all()
    return [sum(row["count"] for row in rows), sum(row["sum"] for row in rows)]


if __name__ == "__main__":
    main(f"Ray {ray.__version__}", answer)
