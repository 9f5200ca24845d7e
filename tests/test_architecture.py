"""The dependency rules: what may import what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME, COMPILER = ROOT / "runtime" / "d4p", ROOT / "d4p_compile"
#: Modules of the runtime that serve one engine, file system or library, and what else they may import.
SERVES = {
    "mpi": {"mpi4py"},
    "spark": {"pyspark"},
    "spark_df": {"pyspark", "pyarrow"},
    "arrays.py": {"numpy"},
    "dataframe.py": {"pandas"},
    "outputs/parquet.py": {"pyarrow", "numpy"},
    "containers": {"pyarrow", "numpy"},
    "seismo": {"pyarrow", "numpy", "obspy"},
    "filesystems/hdfs.py": {"hdfs_native"},
    "filesystems/webhdfs.py": {"hdfs", "requests"},  # HdfsCLI and what it is made of
    "filesystems/webhdfs_files.py": {"urllib3"},
    "filesystems/others.py": {"fsspec"},
    "old/visualisation.py": {"IPython"},
    "old/seismo.py": {"obspy"},
    "workflow.py": {"cloudpickle"},
}


def imports(path: Path) -> Iterator[str]:
    """The absolute names that a file imports; relative ones are resolved."""
    package = path.relative_to(ROOT / "runtime" if RUNTIME in path.parents else ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def files(folder: Path) -> Iterator[tuple[str, set[str]]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), set(imports(path))


def test_the_runtime_needs_only_the_standard_library_and_what_it_serves():
    for name, found in files(RUNTIME):
        places = [place for place in SERVES if name == place or name.startswith(f"{place}/")]
        allowed = set().union(*(SERVES[place] for place in places))
        for module in {i.split(".")[0] for i in found}:
            assert module in {"d4p"} | allowed | set(sys.stdlib_module_names), f"runtime/d4p/{name} imports {module}"


def test_engines_of_the_runtime_do_not_import_each_other():
    engines = {"processes", "mpi", "spark", "spark_df", "sequential"}
    rdd = {"run", "exchange", "names", "pairs"}  # what of d4p.spark is for RDD programs alone
    for name, found in files(RUNTIME):
        mine = name.split("/")[0].removesuffix(".py")
        if mine in engines:
            others = {i.split(".")[1] for i in found if i.startswith("d4p.") and i.split(".")[1] in engines - {mine}}
            if mine == "spark_df":
                others -= {"spark"}
                assert not {i for i in found if i.startswith("d4p.spark.") and i.split(".")[2] in rdd}, name
            assert not others, f"runtime/d4p/{name} imports {others}"


def test_targets_never_import_each_other():
    targets = {"sequential", "processes", "mpi", "spark_rdd", "spark_df"}
    for name, found in files(COMPILER / "targets"):
        mine = name.removesuffix(".py")
        others = {t for t in targets - {mine} if any(f"{i}.".startswith(f"d4p_compile.targets.{t}.") for i in found)}
        assert not others or mine == "__init__", f"targets/{name} imports {others}"


def test_passes_import_only_the_irs_errors_and_what_decides_for_the_runtime_too():
    for name, found in files(COMPILER / "passes"):
        for module in found:
            ours = module.startswith(("d4p_compile.ir", "d4p_compile.passes", "d4p.errors", "d4p.cycles"))
            other = not module.startswith(("d4p.", "d4p_compile"))
            assert ours or other, f"passes/{name} imports {module}"


def test_only_the_front_end_and_the_analysis_know_the_classes_of_pes():
    for name, found in files(COMPILER):
        if not name.startswith(("front/", "analysis/")) and name not in ("api.py", "execute.py"):
            classes = {i for i in found if i.startswith(("d4p.core", "d4p.base", "d4p.graph", "d4p.flatten"))}
            assert not classes, f"d4p_compile/{name} imports {classes}"


def test_only_one_module_reads_conf():
    for name, _ in files(COMPILER):
        if name != "conf.py":
            assert '"conf"' not in (COMPILER / name).read_text(), f"d4p_compile/{name} looks for conf/"


def test_no_package_called_dispel4py_is_shipped():
    assert not [path for path in ROOT.rglob("dispel4py") if path.is_dir() and ".venv" not in path.parts]
