"""Text to count: words that are as unevenly common as those of a book."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

VOCABULARY = 50_000
_IN_A_LINE = 10


def write_text(path: Path, words: int) -> None:
    """About six bytes a word; the k-th most common of 50,000 words is k times as rare as the first (Zipf)."""
    rng = random.Random(1)
    letters = "etaoinshrdlu"
    names = list({"".join(rng.choices(letters, k=rng.randint(3, 7))): None for _ in range(4 * VOCABULARY)})[:VOCABULARY]
    names.sort(key=len)  # common words are short
    weights = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
    with open(path, "w") as file:
        for start in range(0, words, 100_000):
            some = rng.choices(names, cum_weights=weights, k=min(100_000, words - start))
            for at in range(0, len(some), _IN_A_LINE):
                file.write(" ".join(some[at : at + _IN_A_LINE]) + "\n")
