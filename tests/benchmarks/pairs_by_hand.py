"""All pairs of spectra correlated by a program by hand: forked processes, shared spectra, tiles handed out in turn.

    python -m tests.benchmarks.pairs_by_hand spectra STATIONS FILE.npy
    python -m tests.benchmarks.pairs_by_hand FILE.npy [FOLDER]

The first makes spectra, the second correlates them and, where a folder is given, stores what comes out.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from typing import Any

TILE, BLOCK = 32, 8  # spectra of a side of a tile (2.5 MB), and products that stay in a core's cache


def spectra(stations: int, npts: int = 14_400, shift: int = 5_000, seed: int = 1) -> Any:
    """Those of white noise with unit energy, padded for lags up to `shift`: (stations, frequencies), complex64."""
    import numpy as np
    from scipy.fft import next_fast_len, rfft

    noise = np.random.default_rng(seed).standard_normal((stations, npts), np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return rfft(noise, next_fast_len(npts + shift, real=True))


def correlate_all(values: Any, npts: int = 14_400, shift: int = 5_000, processes: int = 2,
                  folder: str | None = None) -> int:
    """Correlates every pair, and with `folder` each process writes its own to one plain file; how many pairs."""
    import numpy as np
    from scipy.fft import irfft, next_fast_len

    count, length = len(values), next_fast_len(npts + shift, real=True)
    starts = range(0, count, TILE)
    tiles = [(i, j) for i in starts for j in starts if i <= j]
    fork = multiprocessing.get_context("fork")
    turn, done = fork.Value("q", 0), fork.Value("q", 0)

    def work(process: int) -> None:
        file = open(os.path.join(folder, f"part-{process:05d}"), "wb", buffering=0) if folder else None
        made = 0
        while True:
            with turn:
                mine, turn.value = turn.value, turn.value + 1
            if mine >= len(tiles):
                break
            top, left = tiles[mine]
            conjugates = values[left : left + TILE].conj()
            for i in range(top, min(top + TILE, count)):
                others = conjugates[max(0, i + 1 - left) :]
                lags = np.empty((len(others), 2 * shift + 1), np.float32)
                for at in range(0, len(others), BLOCK):
                    circular = irfft(values[i] * others[at : at + BLOCK], length)
                    lags[at : at + BLOCK, :shift] = circular[:, length - shift :]
                    lags[at : at + BLOCK, shift:] = circular[:, : shift + 1]
                made += len(lags)
                if file:
                    file.write(lags)
        if file:
            os.fsync(file.fileno())
            file.close()
        with done:
            done.value += made

    workers = [fork.Process(target=work, args=(process,)) for process in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"the program by hand failed: exit statuses {[worker.exitcode for worker in workers]}")
    return done.value


def main(arguments: list[str]) -> None:
    import numpy as np

    if arguments[0] == "spectra":
        np.save(arguments[2], spectra(int(arguments[1])))
        return
    shared = np.load(arguments[0])
    begun = time.perf_counter()
    pairs = correlate_all(shared, folder=arguments[1] if len(arguments) > 1 else None)
    seconds = time.perf_counter() - begun
    print(f"{pairs:,} pairs in {seconds:.2f} s, {pairs / seconds:,.0f} a second")


if __name__ == "__main__":
    main(sys.argv[1:])
