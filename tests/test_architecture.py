"""The dependency rules: what may import what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
RUNTIME, COMPILER = ROOT / "runtime" / "d4p", ROOT / "d4p_compile"
#: The rooms of the runtime. A module imports from its own and from those of earlier lines, never from beside or below.
ROOMS = (
    ("version", "errors", "frozen"),
    ("host",),
    ("filesystems", "graph"),
    ("keys", "compat"),
    ("items",),
    ("describe",),
    ("outputs", "pairs", "places", "record"),
    ("stage", "workflow"),
    ("commit",),
    ("program", "containers"),
    ("library", "hadoop"),
    ("engines", "seismo"),
)
#: What users import by a short name, each a door to a room.
DOORS = {"aggregate", "files", "schema", "threads"}
#: The rooms of the compiler, in the same way.
COMPILER_ROOMS = (
    ("ir", "conf", "topics"),
    ("analysis", "passes"),
    ("front", "show"),
    ("emit", "peek"),
    ("targets",),
    ("choose", "bundle", "progress"),
    ("launch", "runs"),
    ("api", "ui"),
    ("command",),
    ("__main__",),
)
#: Modules of the runtime that serve one engine, file system or library, and what else they may import.
SERVES = {
    "engines/mpi": {"mpi4py"},
    "engines/spark": {"pyspark"},
    "engines/spark/connect.py": {"pyarrow"},
    "engines/spark_rdd": {"pyspark"},
    "engines/spark_df": {"pyspark", "pyarrow"},
    "items/arrays.py": {"numpy"},
    "outputs/parquet.py": {"pyarrow", "numpy"},
    "containers": {"pyarrow", "numpy"},
    "seismo": {"pyarrow", "numpy", "obspy"},
    "filesystems/hdfs.py": {"hdfs_native"},
    "filesystems/webhdfs.py": {"hdfs", "requests"},  # HdfsCLI and what it is made of
    "filesystems/webhdfs_files.py": {"urllib3"},
    "filesystems/others.py": {"fsspec"},
    "compat/old/visualisation.py": {"IPython"},
    "compat/old/seismo.py": {"obspy"},
    "workflow/workflow.py": {"cloudpickle"},
    "workflow/dataframe.py": {"pandas"},
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "runtime" if RUNTIME in path.parents else ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The absolute names that a file imports, in functions too; relative ones are resolved."""
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


def arcs(folder: Path) -> nx.DiGraph:
    """Which module imports which of the same package, `__init__.py` of the package itself left out."""
    modules = {module_of(path): path for path in folder.rglob("*.py")}
    found = nx.DiGraph()
    for name, path in modules.items():
        for imported in imports(path) if name != folder.name else ():
            while imported and imported not in modules:
                imported = imported.rpartition(".")[0]
            if imported not in ("", name, folder.name):
                found.add_edge(name, imported)
    return found


@pytest.mark.parametrize("folder, rooms, doors", [(RUNTIME, ROOMS, DOORS), (COMPILER, COMPILER_ROOMS, set())],
                         ids=["runtime", "compiler"])
def test_rooms_look_one_way_and_every_module_has_one(folder, rooms, doors):
    level = {room: number for number, line in enumerate(rooms) for room in line}
    for path in folder.rglob("*.py"):
        if path != folder / "__init__.py":
            room = module_of(path).split(".")[1]
            assert room in level or room in doors, f"{path.relative_to(ROOT)} is in no room"
    back = []
    for source, dest in arcs(folder).edges:
        mine, theirs = source.split(".")[1], dest.split(".")[1]
        assert theirs not in doors, f"{source} imports {dest}, a door for users: take what is behind it"
        if mine not in doors and mine != theirs and level[theirs] >= level[mine]:
            back.append(f"{source} imports {dest}")
    assert not back


@pytest.mark.parametrize("folder", [RUNTIME, COMPILER], ids=["runtime", "compiler"])
def test_no_modules_import_each_other_in_a_circle(folder):
    circles = [sorted(circle) for circle in nx.strongly_connected_components(arcs(folder)) if len(circle) > 1]
    assert not circles


def test_the_runtime_needs_only_the_standard_library_and_what_it_serves():
    for name, found in files(RUNTIME):
        places = [place for place in SERVES if name == place or name.startswith(f"{place}/")]
        allowed = set().union(*(SERVES[place] for place in places))
        for module in {i.split(".")[0] for i in found}:
            assert module in {"d4p"} | allowed | set(sys.stdlib_module_names), f"runtime/d4p/{name} imports {module}"


def test_engines_of_the_runtime_do_not_import_each_other():
    shared = {"spark"}  # what both kinds of Spark program have in common
    engines = {"processes", "mpi", "spark", "spark_rdd", "spark_df", "sequential"}
    for name, found in files(RUNTIME / "engines"):
        mine = name.split("/")[0].removesuffix(".py")
        others = {i.split(".")[2] for i in found if i.startswith("d4p.engines.")} & engines - {mine}
        if mine in engines:
            assert not others - (shared if mine.startswith("spark_") else set()), f"engines/{name} imports {others}"


def test_targets_never_import_each_other():
    targets = {"sequential", "processes", "mpi", "spark_rdd", "spark_df"}
    for name, found in files(COMPILER / "targets"):
        mine = name.removesuffix(".py")
        others = {t for t in targets - {mine} if any(f"{i}.".startswith(f"d4p_compile.targets.{t}.") for i in found)}
        assert not others or mine == "__init__", f"targets/{name} imports {others}"


def test_passes_import_only_the_irs_errors_and_what_decides_for_the_runtime_too():
    for name, found in files(COMPILER / "passes"):
        for module in found:
            ours = module.startswith(("d4p_compile.ir", "d4p_compile.passes", "d4p.errors", "d4p.frozen",
                                      "d4p.graph.cycles"))
            other = not module.startswith(("d4p.", "d4p_compile"))
            assert ours or other, f"passes/{name} imports {module}"


def test_only_the_front_end_and_the_analysis_know_the_classes_of_pes():
    classes = ("d4p.graph.core", "d4p.graph.base", "d4p.graph.workflow_graph", "d4p.graph.flatten")
    for name, found in files(COMPILER):
        if not name.startswith(("front/", "analysis/")) and name not in ("api.py", "launch/execute.py"):
            known = {i for i in found if i.startswith(classes)}
            assert not known, f"d4p_compile/{name} imports {known}"


def test_only_one_module_reads_conf():
    for name, _ in files(COMPILER):
        if name != "conf.py":
            assert '"conf"' not in (COMPILER / name).read_text(), f"d4p_compile/{name} looks for conf/"


def test_no_package_called_dispel4py_is_shipped():
    assert not [path for path in ROOT.rglob("dispel4py") if path.is_dir() and ".venv" not in path.parts]
