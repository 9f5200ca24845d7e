"""What has to run in an environment with one extra, and what has to be refused there before it starts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.connect import server
from tests.extras.environment import ROOT, Environment, Wrong

LOCAL = frozenset({"sequential", "processes"})
SPARK = frozenset({"spark-rdd", "spark-df"})
_WORKFLOW = Path(__file__).with_name("workflow.py")
_ASK = ("import json; from d4p_compile.command.targets import rows; "
        "print(json.dumps([(r[0], r[3].runs) for r in rows()]))")
_TYPED = ("from importlib.resources import files; "
          "assert all((files(name) / 'py.typed').is_file() for name in ('d4p', 'd4p_compile'))")
_ANSWER = {(length, 40) for length in (0, 3, 6, 9, 12)}


def check(made: Environment) -> Iterator[str]:
    """Try all of it; gives a line for each thing that is as it should be. Raises Wrong."""
    runs, more = CHECKS[made.extra]
    yield f"installed, {made.seconds:.0f} s"
    shutil.copy(_WORKFLOW, made.work)
    made.run("python", "-m", "pip", "check")
    made.run("python", "-c", _TYPED)
    said = dict(json.loads(made.run("python", "-c", _ASK).splitlines()[-1]))
    if {name for name, here in said.items() if here} != runs:
        raise Wrong(f"d4p targets says that {said} run, and it should be {sorted(runs)}")
    for target in said:
        begun = time.monotonic()
        if target in runs:
            answer(made, target)
            yield f"{target} runs, {time.monotonic() - begun:.0f} s"
        else:
            refused = made.run("d4p", "run", "workflow.py", "--target", target, status=2)
            if "can't run here: " not in refused or "What makes it so: pip install " not in refused:
                raise Wrong(f"{target} is refused without a remedy: {refused}")
            yield f"{target} is refused"
    for each in more:
        yield each(made)


def answer(made: Environment, target: str, **more: str) -> None:
    """Run the workflow there. Raises Wrong for an answer that isn't right."""
    made.run("d4p", "run", "workflow.py", "--target", target, "--output", "out", "--overwrite", **more)
    code = """
import json, pathlib, sys
found = []
for path in pathlib.Path("out").glob("*/part-*"):
    if path.suffix == ".parquet":
        import pyarrow.parquet
        found += [list(row.values()) for row in pyarrow.parquet.read_table(path).to_pylist()]
    else:
        found += map(json.loads, path.read_text().splitlines())
print(json.dumps(found))
"""
    found = {tuple(row) for row in json.loads(made.run("python", "-c", code))}
    if found != _ANSWER:
        raise Wrong(f"{target} gives {sorted(found)}, and it should be {sorted(_ANSWER)}")


def _parquet(made: Environment) -> str:
    answer(made, "sequential")
    if not list((made.work / "out").glob("*/part-*.parquet")):
        raise Wrong("a result whose port declares types isn't Parquet")
    return "results are Parquet"


def _hdfs(made: Environment) -> str:
    for url in ("hdfs://127.0.0.1:1/x", "webhdfs://127.0.0.1:1/x"):
        said = made.run("d4p", "peek", url, status=2)
        if "install" in said or "127.0.0.1:1" not in said:
            raise Wrong(f"nothing listens at {url}, and what is said is: {said}")
    return "hdfs:// and webhdfs:// have clients"


def _seismo(made: Environment) -> str:
    shutil.copytree(ROOT / "examples" / "xcorr", made.work / "xcorr", dirs_exist_ok=True)
    said = made.run("d4p", "run", "xcorr/xcorr.py")
    if "xcorr.png" not in said and ".png" not in said:
        raise Wrong(f"examples/xcorr names no picture: {said}")
    return "examples/xcorr runs"


def _fft(made: Environment) -> str:
    made.run("python", "-c", "import ducc0.fft, numpy; ducc0.fft.r2c(numpy.ones(16))")
    return "ducc0 transforms"


def _connect(made: Environment) -> str:
    with server(*made.path_of("pyspark"), made.work, str(made.python)) as address:
        answer(made, "spark-df", SPARK_REMOTE=address)
    return "spark-df runs on a server of Spark Connect"


def _mongodb(made: Environment) -> str:
    answer(made, "sequential")
    said = made.run("d4p", "runs", "export", "--to", "mongodb://127.0.0.1:1/d4p", "latest", status=2)
    if "install" in said or "127.0.0.1:1" not in said:
        raise Wrong(f"nothing listens at mongodb://127.0.0.1:1, and what is said is: {said}")
    return "mongodb:// has a client"


def _pytest(made: Environment) -> str:
    return made.run("python", "-m", "pytest", "--version").strip()


#: By extra: the targets that run with it, and what else has to.
CHECKS: dict[str, tuple[frozenset[str], tuple[Callable[[Environment], str], ...]]] = {
    "none": (LOCAL, ()),
    "spark": (LOCAL | SPARK, (_parquet,)),
    "mpi": (LOCAL | {"mpi"}, ()),
    "connect": (LOCAL | SPARK, (_connect,)),
    "fft": (LOCAL, (_fft,)),
    "hdfs": (LOCAL, (_hdfs,)),
    "parquet": (LOCAL, (_parquet,)),
    "seismo": (LOCAL, (_parquet, _seismo)),
    "mongodb": (LOCAL, (_mongodb,)),
    "all": (LOCAL | SPARK | {"mpi"}, (_parquet, _hdfs, _seismo)),
    "test": (LOCAL | SPARK | {"mpi"}, (_parquet, _hdfs, _seismo, _fft, _connect, _pytest)),
}
