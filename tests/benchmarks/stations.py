"""All pairs of many stations, beside a program by hand, the disk alone, and the workflow as it used to be written.

    python -m tests.benchmarks.stations [--stations 1000] [--folder DIR] [ROWS ...]

One hour at 4 samples a second, lags of 5,000 samples both ways: 10,001 float32 values a pair, of 1,000 stations
499,500 pairs and 20 GB, which DIR must have room for. Seconds are those of whole runs, less what a run with 40
stations takes, by which each of its instances has something to do: the start of an engine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

import d4p_compile

from .compiled import WORKFLOWS
from .measure import Command, Row, alternating, at_most, at_once, middle_ratio, seconds, straight
from .memory import Watched

EXAMPLE = Path(__file__).parents[2] / "examples" / "stations" / "stations.py"
STATIONS, FEW = 1000, 40
#: Of 10,001 float32 values.
RECORD = 4 * 10_001
#: What an engine may take beside `processes`.
ENGINES = {"mpi": 1.2, "spark-rdd": 1.5, "spark-df": 1.5}
#: Stations of the workflow as it used to be written, and of a run that is its start.
TALK, TALK_FEW = 100, 4


#: Commands, each with what its environment has besides.
_Commands = tuple[tuple[list[str], dict[str, str]], ...]


def rows(quick: bool) -> Iterator[Row]:
    yield from measured(STATIONS // 5 if quick else STATIONS, None, list(ROWS))


def measured(stations: int, folder: str | None, which: list[str]) -> Iterator[Row]:
    """The rows of the kinds that are asked for."""
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-", dir=folder) as made:
        case = Case(Path(made), stations)
        for name in which:
            yield from ROWS[name](case)


class Case:
    """Programs and spectra in a folder."""

    def __init__(self, folder: Path, stations: int) -> None:
        self.folder, self.stations = folder, stations
        for file in (EXAMPLE, WORKFLOWS / "stations_pairs.py"):
            shutil.copy(file, folder)

    @property
    def pairs(self) -> int:
        return self.stations * (self.stations - 1) // 2

    def spectra(self, stations: int) -> Path:
        """Those of seeded noise, the same for everybody."""
        path = self.folder / f"{stations}.npy"
        if not path.exists():
            hand("spectra", str(stations), str(path))
        return path

    def run(self, target: str, stations: int, stored: bool = False, watched: Watched | None = None) -> float:
        """The seconds of a compiled program, whose pairs are counted."""
        output = self.folder / "output"
        bundle = self.folder / f"{target}-{stations}{'-stored' * stored}"
        if not bundle.exists():
            parameters = {"path": str(self.spectra(stations)), "output": str(output) if stored else None}
            d4p_compile.compile(f"{self.folder / 'stations_pairs.py'}:graph", target, output=str(bundle),
                                parameters=parameters)
        command = [sys.executable, "job.py"]
        if target == "mpi":
            command = ["mpiexec", "-n", "2", *command]
        taken, said = timed(command, bundle, watched)
        self.said = said
        expect(f"{stations * (stations - 1) // 2:,} items", said)
        if output.exists():
            shutil.rmtree(output)
        return taken

    def net(self, target: str, stations: int) -> float:
        """The same without the start of the engine, not stored."""
        few, full = alternating(2, partial(self.run, target, FEW), partial(self.run, target, stations))
        return full - few


def timed(command: list[str], cwd: Path, watched: Watched | None = None, **environment: str) -> tuple[float, str]:
    """The seconds of a command and what it says."""
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # pip's mpiexec
    said: list[str] = []

    def once() -> None:
        process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **root, "PATH": path, **environment}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if watched:
            watched.start(process.pid)
        out, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}\n{(out + errors)[-3000:]}")
        said.append(out)

    return seconds(once), said[0]


def expect(text: str, said: str) -> None:
    if text not in said:
        raise RuntimeError(f"{text} was wanted, and it said: {said[-2000:]}")


def hand(*arguments: str) -> float:
    """The seconds that the program by hand took for its pairs."""
    command = [sys.executable, "-m", "tests.benchmarks.pairs_by_hand", *arguments]
    _, said = timed(command, Path(__file__).parents[2])
    found = re.search(r"pairs in ([\d.]+) s", said)
    return float(found[1]) if found else 0.0


def before_storing(case: Case) -> Iterator[Row]:
    """Nothing is stored: ours and a loop over tiles by hand."""
    path = str(case.spectra(case.stations))
    run = partial(case.run, "processes")
    ours, few, other = alternating(3, partial(run, case.stations), partial(run, FEW), partial(hand, path))
    case.arithmetic = other
    yield Row(f"{case.pairs:,} pairs, not stored: processes | by hand", rate(case.pairs, ours - few),
              rate(case.pairs, other), **at_most((ours - few) / other, 1.1))


def stored(case: Case) -> Iterator[Row]:
    """All of them in Arrow files, beside the arithmetic alone and the disk alone, and the same by hand."""
    case.arithmetic = getattr(case, "arithmetic", None) or hand(str(case.spectra(case.stations)))
    size, watched = case.pairs * RECORD, Watched()
    few = case.run("processes", FEW, True)
    disk, ours, other = alternating(
        1, partial(dd, case.folder, size), partial(case.run, "processes", case.stations, True, watched),
        partial(hand_stored, case))  # fmt: skip
    ours -= few
    both, larger = case.arithmetic + disk, max(case.arithmetic, disk)
    yield Row(f"{case.pairs:,} pairs, stored ({size / 1e9:.1f} GB): processes | arithmetic + dd",
              rate(case.pairs, ours), f"{case.arithmetic:.1f} + {disk:.1f} s", **at_most(ours / both, 1.0))
    yield Row("the same | the larger of the two", f"{ours:.1f} s", f"{larger:.1f} s", f"{ours / larger:.2f}", "aim 1.2")
    yield Row("the same | by hand, a plain file each", f"{ours:.1f} s", rate(case.pairs, other), f"{ours / other:.2f}")
    yield Row("memory of all processes", f"{watched.most / 1e9:.2f} GB", "", **at_most(watched.most / 1e9, 4.0))
    moved = re.search(r"([\d,]+) MB sent", case.said)
    if moved:
        sent, spectra = float(moved[1].replace(",", "")) * 1e6, os.path.getsize(case.spectra(case.stations))
        yield Row("bytes between processes | the spectra's", f"{sent / 1e6:,.0f} MB", f"{spectra / 1e6:,.0f} MB",
                  **at_most(sent / spectra, 4))


def hand_stored(case: Case) -> float:
    with tempfile.TemporaryDirectory(dir=case.folder) as folder:
        return hand(str(case.spectra(case.stations)), folder)


def dd(folder: Path, size: int) -> float:
    """The seconds that writing so many bytes takes."""
    file = folder / "zeros"
    command = ["dd", "if=/dev/zero", f"of={file}", "bs=4M", f"count={-(-size // (4 << 20))}", "conv=fdatasync"]
    taken = seconds(partial(subprocess.run, command, check=True, stderr=subprocess.DEVNULL))
    file.unlink()
    return taken


def engines(case: Case) -> Iterator[Row]:
    """The other engines beside `processes`, not stored."""
    ours = case.net("processes", case.stations)
    for target, most in ENGINES.items():
        taken = case.net(target, case.stations)
        sent = re.search(r"([\d,]+) MB sent", case.said)
        yield Row(f"{case.pairs:,} pairs, not stored: {target} | processes",
                  f"{rate(case.pairs, taken)}; {sent[0] if sent else 'less than 1 MB sent'}",
                  rate(case.pairs, ours), **at_most(taken / ours, most))


def growth(case: Case) -> Iterator[Row]:
    """A quarter, half and all of the stations: how far whole runs are from a straight line over their pairs, and the
    seconds a pair, without the start, beside the middle one."""
    counts = [case.stations // 4, case.stations // 2, case.stations]
    pairs = [n * (n - 1) // 2 for n in counts]
    few, *full = alternating(5, *(partial(case.run, "processes", n) for n in (FEW, *counts)))
    start, slope, off = straight(pairs, full)
    shown = ", ".join(f"{n}: {taken:.2f} s" for n, taken in zip(counts, full, strict=True))
    yield Row("stations, whole runs", shown, f"a line: {start:.2f} s + {slope * 1e6:.1f} us a pair",
              f"off by {off:.1%}", "<= 10%", off <= 0.10)  # fmt: skip
    times = [(taken - few) / n for n, taken in zip(pairs, full, strict=True)]
    for n, each in zip(counts, times, strict=True):
        off = max(each, times[1]) / min(each, times[1])
        yield Row(f"{n} stations, not stored: time a pair | that of {counts[1]}", f"{each * 1e6:.1f} us",
                  f"{times[1] * 1e6:.1f} us", f"{off:.2f}")


def talk(case: Case) -> Iterator[Row]:
    """A hundred stations: one PE that pairs and sends both spectra, a file a pair, with dispel4py; and ours."""
    from .original import VERSION, installed

    workflow, path = str(WORKFLOWS / "talk.py"), str(installed())
    theirs = [sys.executable, "-m", "dispel4py", "multi", workflow, "-n", "6", "-d"]
    same = [sys.executable, "-m", "d4p_compile", "run", workflow, "--target", "processes", "-d"]
    few, full, same_few, same_full, ours_few, ours = alternating(
        5, *(partial(_talked, case, command, stations, **more)
             for command, more in ((theirs, {"PYTHONPATH": path}), (same, {})) for stations in (TALK_FEW, TALK)),
        *(partial(case.run, "processes", stations, True) for stations in (TALK_FEW, TALK)))  # fmt: skip
    other = f"{full - few:.2f} s: dispel4py {VERSION} multi, 2 spectra with each pair, a file a pair"
    yield Row(f"{TALK} stations, stored: AllPairs, Arrow files", f"{ours - ours_few:.2f} s", other,
              f"{(full - few) / (ours - ours_few):.1f} times")
    yield Row(f"{TALK} stations, stored: the same workflow file", f"{same_full - same_few:.2f} s", other,
              f"{(full - few) / (same_full - same_few):.1f} times")
    commands = (same, {}), (theirs, {"PYTHONPATH": path})
    yield _whole("by the clock", [_talked_in_turn(case, commands, number % 2 == 1) for number in range(6)])
    yield _whole("of CPU", [_talked_at_once(case, commands) for _ in range(5)])


def _whole(what: str, rounds: list[list[float]]) -> Row:
    ours, other = map(list, zip(*rounds, strict=True))
    return Row(f"the same workflow file, whole runs, s {what}", f"{median(ours):.2f} s", f"{median(other):.2f} s",
               **at_most(middle_ratio(ours, other), 1.0))


def _talked(case: Case, command: list[str], stations: int, **environment: str) -> float:
    """The seconds of a run that writes a file for each pair, which are counted."""
    folder = _folder(case)
    taken, _ = timed([*command, _given(case, stations)], case.folder, TALK_OUTPUT=folder, **environment)
    _count(folder, stations)
    return taken


def _talked_in_turn(case: Case, commands: _Commands, backwards: bool) -> list[float]:
    """The seconds of whole runs, one after the other, each with nothing left to be written of those before: who comes
    second would wait for the first one's files, so each is that as often."""
    taken = {}
    for number in (1, 0) if backwards else (0, 1):
        os.sync()
        command, environment = commands[number]
        taken[number] = _talked(case, command, TALK, **environment)
    return [taken[0], taken[1]]


def _talked_at_once(case: Case, commands: _Commands) -> list[float]:
    """The seconds of CPU of runs that are on one core at the same time."""
    folders, runs = [], []
    for command, environment in commands:
        folders.append(_folder(case))
        runs.append(Command([*command, _given(case, TALK)], {"TALK_OUTPUT": folders[-1], **environment},
                            str(case.folder)))  # fmt: skip
    taken = [column[0] for column in at_once(1, *runs)]
    for folder in folders:
        _count(folder, TALK)
    return taken


def _given(case: Case, stations: int) -> str:
    return json.dumps({"spectra": [{"path": str(case.spectra(stations))}]})


def _folder(case: Case) -> str:
    """Kept until all is measured: ext4 may pass over inodes deleted a moment ago, one by one, for who makes files
    next."""
    return tempfile.mkdtemp(dir=case.folder)


def _count(folder: str, stations: int) -> None:
    pairs = stations * (stations - 1) // 2
    if len(os.listdir(folder)) != pairs:
        raise RuntimeError(f"{len(os.listdir(folder))} of {pairs} files were written")


def rate(pairs: int, taken: float) -> str:
    return f"{taken:.1f} s, {pairs / taken:,.0f} pairs/s"


ROWS = {"before": before_storing, "growth": growth, "engines": engines, "talk": talk, "stored": stored}


def main() -> None:
    from .__main__ import show

    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.stations", description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stations", type=int, default=STATIONS)
    options.add_argument("--folder", help="where what is stored goes; else the system's place for temporary files")
    options.add_argument("which", nargs="*", metavar="ROWS", help=f"of {', '.join(ROWS)}; else all")
    arguments = options.parse_args()
    if unknown := set(arguments.which) - set(ROWS):
        options.error(f"there are no rows {', '.join(unknown)}; there are {', '.join(ROWS)}")
    show(measured(arguments.stations, arguments.folder, arguments.which or list(ROWS)))


if __name__ == "__main__":
    main()
