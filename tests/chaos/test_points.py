"""Each example and small workflow, one of its workers killed at each of N points: nothing looks whole, the message
names the worker, and `--resume` gives the sequential answer.

D4P_CHAOS_POINTS (3) is N, D4P_CHAOS_SEED (1) what the workers are drawn by. A failure's message shows the point.
"""

from __future__ import annotations

import ast
import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import d4p_compile
from d4p.host.runfolder import RunFolder
from d4p.outputs.part import Part
from d4p_compile.bundle.bundle import Bundle
from d4p_compile.targets import target as engine

from .points import Point, points
from .programs import living, started, until

ROOT = Path(__file__).parents[2]
KILLING = Path(__file__).with_name("killing.py")
POINTS = int(os.environ.get("D4P_CHAOS_POINTS", 3))
SEED = os.environ.get("D4P_CHAOS_SEED", "1")
#: Targets whose workers are killed, and what each says of one that was, before it says what that had (a pattern).
TARGETS = {
    "processes": r"\Afailed: a worker process was killed by SIGKILL .*: it held ",
    "mpi": r"failed: rank .* died, killed from outside or in native code: it held .*",
}
#: What it then ends with: the status of an MPI program that is started by hand is mpiexec's.
STATUS = {"processes": {1}, "mpi": {1, 137}}
#: Seconds from the kill to the end of the program; so many because tests share a machine (test_deaths.py asks for 2).
SOON = 8.0
#: Graphs of semantics.py that list items in the order in which several producers' happen to come.
ANY_ORDER = {"fan_in", "two_edges", "diamond", "gathered", "postprocess_flows", "one_to_one", "composites"}
#: This one has no result and no writer, so there is nothing to be whole, and nothing for --resume.
NOTHING_WRITTEN = {"only_prints"}
#: What the roots of some take.
OPTIONS = {"two_roots": ("-d", '{"Lister": [{"files": ["a"]}]}')}


@dataclass(frozen=True)
class Case:
    """A workflow, parameters of its function, options of the program; `given`: the kind of files that it reads."""

    path: str
    attribute: str
    parameters: dict[str, Any] | None = field(default_factory=dict)
    options: tuple[str, ...] = ()
    given: str = ""

    def __str__(self) -> str:
        return f"{Path(self.path).stem}-{self.attribute}"


#: The sequential answers by case: they are the same for every target.
DEFINED: dict[str, dict[str, Counter]] = {}
#: Those of a single instance.
ALONE = {"sieve-graph", "cycles-unfed"}


def cases() -> list[Case]:
    """The examples, and what of tests/workflows isn't made to go wrong."""
    small, examples = "tests/workflows", "examples"
    found = [Case(f"{examples}/wordcount/wordcount.py", "graph", None), Case(f"{examples}/tour/tour.py", "graph", None),
             Case(f"{examples}/xcorr/xcorr.py", "graph", None), Case(f"{examples}/sieve/sieve.py", "graph", None)]
    module = ast.parse((ROOT / small / "semantics.py").read_text())
    graphs = [node.name for node in module.body if isinstance(node, ast.FunctionDef) and not node.args.args
              and not node.name.startswith("_") and node.name not in NOTHING_WRITTEN]
    found += [Case(f"{small}/semantics.py", name, options=OPTIONS.get(name, ())) for name in graphs]
    found += [Case(f"{small}/outputs.py", "both"), Case(f"{small}/outputs.py", "typed"),
              *(Case(f"{small}/cycles.py", name) for name in ("beside", "collatz", "components", "unfed")),
             Case(f"{small}/outputs.py", "copy", given="lines"), Case(f"{small}/faults.py", "chain", {"count": 2000}),
              Case(f"{small}/pairs.py", "singly", {"count": 12}),
             Case(f"{examples}/stations/stations.py", "make",
                  {"path": "in/*.mseed", "seconds": 600.0, "max_lag": 200.0}, given="records"),
             Case(f"{small}/columns.py", "all_kinds", {"expression": "[('a', i, .5, b'x', True) for i in range(50)]"})]
    return found


def run(bundle: Bundle, here: Path, *options: str, chaos: dict[str, Any] | None = None) -> tuple[int, str, float]:
    """A program's exit status, what it said, and when it ended; it leaves no process and no temporary file."""
    here.mkdir(exist_ok=True)
    temporary = here.with_name(f"{here.name}.tmp")
    command = engine(bundle.target).command(bundle.script)
    with RunFolder() as folder:
        environment = dict(engine(bundle.target).environment(bundle, folder))
        if chaos:
            environment["D4P_CHAOS"] = json.dumps(chaos)
            command[command.index(str(bundle.script))] = str(KILLING)
            command.append(str(bundle.script))
        with started([*command, "--output", "results", *options], here, temporary, **environment) as program:
            _, errors = program.communicate(timeout=120)
            ended = time.time()
            until(lambda: not living(program.pid), 2)
    until(lambda: not list(temporary.iterdir()), 5)  # a keeper removes them once all are gone
    return program.returncode, errors, ended


def answer(here: Path, any_order: bool) -> dict[str, Counter]:
    """The items of every output that says it is whole, by its folders."""
    found: dict[str, Counter] = {}
    for success in here.rglob("_SUCCESS"):
        assert not any(part.startswith(".") for part in success.relative_to(here).parts), f"{success} is left"
        for name, promised in json.loads(success.read_text())["parts"].items():
            part = success.parent / name
            items = read(part)
            assert len(items) == promised["items"] and part.stat().st_size == promised["bytes"], part
            where = part.parent.relative_to(here).as_posix()
            found.setdefault(where, Counter()).update(sorted_within(item) if any_order else item for item in items)
    return found


def read(part: Path) -> list[str]:
    """The items of a part as lines."""
    if part.suffix == ".parquet":
        import pyarrow.parquet as pq

        return [json.dumps(row) for row in pq.read_table(part).to_pylist()]
    if part.suffix == ".arrow":
        from d4p.seismo import Correlations

        return [f"{c.first} {c.second} {c.peak()[1]:.2f}" for c in Correlations(part)]
    return part.read_text().splitlines()


def sorted_within(line: str) -> str:
    """An item with its lists sorted."""

    def ordered(value: Any) -> Any:
        return sorted(map(ordered, value), key=json.dumps) if isinstance(value, list) else value

    return json.dumps(ordered(json.loads(line)))


def nothing_looks_whole(here: Path) -> None:
    """No output is in its place, and the hidden parts that look complete are."""
    assert not list(here.rglob("_SUCCESS")), "an output looks whole"
    for path in here.rglob("part-*"):
        part = Part.of(path.name)
        assert part and any(name.endswith(".d4p-unfinished") for name in path.parts), f"{path} looks like a part"
        assert path.stat().st_size == part.size and len(read(path)) == part.count, f"{path} looks complete"


def runs() -> list[Any]:
    """All cases on `processes`; on `mpi`, whose programs take longer to start, the examples and those that write, if
    they have more than one rank: where one alone is killed nobody is left to say so, or to tidy up."""
    found = [(case, "processes") for case in cases()]
    found += [(case, "mpi") for case in cases() if not case.path.endswith("semantics.py") and str(case) not in ALONE]
    return [pytest.param(*one, id="-".join(map(str, one))) for one in found]


@pytest.mark.parametrize("case, target", runs())
def test_killed_at_each_of_n_points(case, target, tmp_path):
    bundle = made(case, target, tmp_path)
    any_order = case.attribute in ANY_ORDER
    counted = place(case, tmp_path / "counted")
    (tmp_path / "lives").mkdir()
    status, errors, _ = run(bundle, counted, *case.options, chaos={"count": str(tmp_path / "lives")})
    assert status == 0, errors
    lives = [json.loads(path.read_text()) for path in (tmp_path / "lives").iterdir()]
    chosen = points(lives, POINTS, f"{SEED} {case}")
    defining = None if str(case) in DEFINED else made(case, "sequential", tmp_path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        deaths = [pool.submit(killed, point, case, target, bundle, tmp_path / str(number), any_order)
                  for number, point in enumerate(chosen)]
        if defining:  # beside the last of an odd number of deaths there is a core to spare
            DEFINED[str(case)] = pool.submit(sequential, defining, case, tmp_path, any_order).result()
        ends = [death.result() for death in deaths]
    expected = DEFINED[str(case)]
    assert answer(counted, any_order) == expected
    for point, (told, found) in zip(chosen, ends, strict=True):
        assert not told, f"D4P_CHAOS_SEED={SEED} D4P_CHAOS_POINTS={POINTS}, killed at {point}: {told}"
        assert found == expected, f"D4P_CHAOS_SEED={SEED} D4P_CHAOS_POINTS={POINTS}, killed at {point}"


#: Some of them with --recover: what is killed at a PE that keeps no state goes on, in order, too.
RECOVERED = ("wordcount-graph", "outputs-copy", "outputs-typed", "tour-graph")


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case)) for case in cases() if str(case) in RECOVERED])
def test_recovered_from_a_death_at_each_of_n_points(case, tmp_path):
    bundle, any_order = made(case, "processes", tmp_path), case.attribute in ANY_ORDER
    counted = place(case, tmp_path / "counted")
    (tmp_path / "lives").mkdir()
    status, errors, _ = run(bundle, counted, *case.options, chaos={"count": str(tmp_path / "lives")})
    assert status == 0, errors
    lives = [json.loads(path.read_text()) for path in (tmp_path / "lives").iterdir()]
    expected = answer(counted, any_order)

    def goes_on(numbered: tuple[int, Point]) -> bool:
        number, point = numbered
        here, marker = place(case, tmp_path / str(number)), tmp_path / f"{number}.marker"
        status, errors, _ = run(bundle, here, *case.options, "--recover", chaos=point.wanted(marker=str(marker)))
        said = f"D4P_CHAOS_SEED={SEED} D4P_CHAOS_POINTS={POINTS}, killed at {point}: exit status {status}: {errors}"
        if status == 0:
            assert answer(here, any_order) == expected, said
            return marker.exists()
        assert status == 1 and f"--recover can't start stage {point.stage} again: " in errors, said
        nothing_looks_whole(here)
        return False

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert any(list(pool.map(goes_on, enumerate(points(lives, 2 * POINTS, f"{SEED} {case}"))))), "nobody went on"


def killed(point: Point, case: Case, target: str, bundle: Bundle, here: Path, any_order: bool) -> tuple[str, dict]:
    """What went wrong, if something did, and the answer that --resume gave."""
    marker = here.with_suffix(".marker")
    try:
        place(case, here)
        status, errors, ended = run(bundle, here, *case.options, chaos=point.wanted(marker=str(marker)))
        if not marker.exists() and status == 0 and (fewer := earlier(point)):
            shutil.rmtree(here)
            return killed(fewer, case, target, bundle, here, any_order)
        assert marker.exists(), f"nobody was killed; exit status {status}: {errors}"
        death = json.loads(marker.read_text())
        point = replace(point, instance=death["instance"])
        assert status in STATUS[target], f"exit status {status}: {errors}"
        assert ended - death["at"] < SOON, f"it took {ended - death['at']:.1f} s"
        assert named(point, death["received"], errors, TARGETS[target]), errors
        nothing_looks_whole(here)
        status, errors, _ = run(bundle, here, *case.options, "--resume")
        assert status == 0, f"--resume: exit status {status}: {errors}"
        assert not list(here.rglob(".*.d4p-*")), "something unfinished is left"
        return "", answer(here, any_order)
    except AssertionError as error:
        return str(error), {}


def earlier(point: Point) -> Point | None:
    """A point that is reached sooner, where one at an item wasn't: runs go to whoever is free, and what goes round in a
    cycle depends on what comes first, so that an instance may have fewer items in another run. The first item of a
    stage always comes to one of its instances."""
    if point.item is None or point.instance is None:
        return None
    return replace(point, item=point.item // 2) if point.item > 1 else replace(point, instance=None)


def named(point: Point, received: dict[str, int], errors: str, says: str) -> bool:
    """Whether a message names the worker, and what it was at: of an item, with its number as the PE counts."""
    if not re.search(f"{says}stage {point.stage} \\(", errors):
        return False
    instance = f", instance {point.instance}, "
    if point.moment == "item":
        return any(f"{instance}at item {count} of {pe}" in errors for pe, count in received.items())
    if point.moment in ("preprocess", "postprocess"):
        return any(f"{instance}in {point.moment} of {pe}{end}" in errors for pe in received for end in "\n;")
    return instance in errors


def made(case: Case, target: str, folder: Path) -> Bundle:
    """The program of a workflow."""
    return d4p_compile.compile(f"{ROOT / case.path}:{case.attribute}", target, parameters=case.parameters,
                               output=folder / f"bundle-{target}")


def sequential(bundle: Bundle, case: Case, folder: Path, any_order: bool) -> dict[str, Counter]:
    """The answer by definition."""
    here = place(case, folder / "sequential")
    status, errors, _ = run(bundle, here, *case.options)
    assert status == 0, errors
    return answer(here, any_order)


@functools.cache
def records() -> Path:
    """Those of some stations."""
    folder = Path(tempfile.mkdtemp(prefix="d4p-records-"))
    atexit.register(shutil.rmtree, folder)
    generate = ROOT / "examples" / "stations" / "generate.py"
    subprocess.run([sys.executable, generate, folder / "made", "--stations", "8", "--seconds", "600"], check=True,
                   timeout=120)
    return folder / "made"


def place(case: Case, here: Path) -> Path:
    """A folder to run in, with input."""
    here.mkdir()
    if case.given == "records":
        shutil.copytree(records(), here / "in", copy_function=shutil.copy2)  # the same times: --resume looks at them
    if case.given == "lines":
        (here / "in").mkdir()
        for number in range(3):
            text = "".join(f"line {i:03d}\n" for i in range(number, 300, 3))
            (here / "in" / f"{number}.txt").write_text(text)
    return here
