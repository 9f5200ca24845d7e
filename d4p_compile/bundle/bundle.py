"""A bundle: everything a compiled program needs, in one folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import d4p
from d4p.describe.boundary import reason
from d4p.errors import Refused
from d4p.frozen import dataclass

from ..front.load import Loaded
from ..ir.plan import Plan
from ..show.json import to_json
from ..show.text import text
from ..targets import target
from .folder import check_place, claimed, put
from .runtime_zip import runtime_zip, zipped

SCRIPT = "job.py"
#: Characters of a workflow's name in that of a folder.
LONGEST = 80
RUNTIME = "d4p.zip"
_MOST_DATA = 64 << 20


@dataclass(frozen=True)
class Bundle:
    """A folder with `job.py`, the runtime zip, the plan, and the workflow's own modules and files."""

    folder: Path
    plan: Plan
    target: str
    notes: tuple[str, ...] = ()

    @property
    def script(self) -> Path:
        return self.folder / SCRIPT


def write_bundle(plan: Plan, loaded: Loaded, folder: Path, *, include: Iterable[Path] = (), overwrite: bool = False,
                 graph_pickle: bytes | None = None, linked: bool = False) -> Bundle:
    """Write a bundle beside its place and move it there; where it is `linked`, with a link to the runtime that is
    imported in place of its zip. Raises Refused if the folder exists, with `overwrite` too where it is neither a bundle
    nor empty, if another compiler is writing it, and where it can't be written; files that no compiler wrote stay
    there."""
    try:
        check_place(folder, overwrite)
        return _write(plan, loaded, folder, include, overwrite, graph_pickle, linked)
    except OSError as error:
        raise Refused(f"the program can't be written to {folder}: {reason(error)}") from error


def _write(plan: Plan, loaded: Loaded, folder: Path, include: Iterable[Path], overwrite: bool,
           graph_pickle: bytes | None, linked: bool) -> Bundle:
    engine = target(plan.target)
    with claimed(folder, overwrite) as made:
        (made / SCRIPT).write_text(engine.program(plan), encoding="utf-8")
        (made / "plan.txt").write_text(text(plan) + "\n", encoding="utf-8")
        (made / "plan.json").write_text(to_json(plan) + "\n", encoding="utf-8")
        _link_runtime(made) if linked else _zip_runtime(made)
        _copy_modules(loaded, made)
        notes = _copy_data(loaded, made)
        _copy_included(loaded, include, made)
        if graph_pickle is not None:
            (made / "graph.pickle").write_bytes(graph_pickle)
        extras = engine.extras(plan, made)
        for name, content in extras.items():
            (made / name).parent.mkdir(exist_ok=True)
            (made / name).write_text(content, encoding="utf-8")
            if name.endswith(".sh"):
                (made / name).chmod(0o755)
        if engine.archive:
            modules_zip(made, made / engine.archive, extras)
        put(made, Path(os.path.abspath(folder)))
    return Bundle(folder, plan, plan.target, tuple(notes))


def _zip_runtime(made: Path) -> None:
    runtime = runtime_zip(RUNTIME)
    (made / RUNTIME).write_bytes(runtime)
    digest = hashlib.sha256(runtime).hexdigest()
    (made / f"{RUNTIME}.sha256").write_text(f"{digest}  {RUNTIME}\n")


def _link_runtime(made: Path) -> None:
    """To make the zip and to import from it takes longer than to run a small workflow."""
    (made / RUNTIME).mkdir()
    (made / RUNTIME / "d4p").symlink_to(Path(d4p.__file__).resolve().parent)


def modules_zip(bundle: Path, path: Path, extras: Iterable[str] = ()) -> None:
    """The workflow's own modules and data as a zip, for workers on other machines; not the target's `extras`."""
    leave = {RUNTIME, f"{RUNTIME}.sha256", SCRIPT, "plan.txt", "plan.json", path.name, *extras}
    files = {f.relative_to(bundle).as_posix(): f for f in bundle.rglob("*") if f.is_file()}
    files = {name: file for name, file in files.items() if name not in leave}
    for name in files:
        if not name.isascii() and os.fsencode(name) != name.encode(errors="replace"):
            raise Refused(f"{name!r} can't travel in {path.name}, since its name isn't UTF-8: rename it, or leave it "
                          "out")
    path.write_bytes(zipped({name: file.read_bytes() for name, file in files.items()}))


def _copy_modules(loaded: Loaded, made: Path) -> None:
    """Each module at its place under the workflow's folder, and where its name would be looked for."""
    for name, file in loaded.modules.items():
        by_name = Path(*name.split("."))
        by_name = by_name / "__init__.py" if file.name == "__init__.py" else by_name.with_suffix(".py")
        places = {made / by_name}
        renamed = name == loaded.origin.module and file.stem not in (name.rpartition(".")[2], "__init__")
        if loaded.folder in file.parents and not renamed:  # json.py, under its own name, would hide a standard module
            places.add(made / file.relative_to(loaded.folder))
        for place in places:
            if place == made / SCRIPT:
                raise Refused(f"a workflow's module can't be called {SCRIPT}: that is the compiled program's name")
            _copy(file, place)


def _copy_data(loaded: Loaded, made: Path) -> list[str]:
    notes = []
    for file in loaded.files:
        name = file.relative_to(loaded.folder)
        if file.stat().st_size > _MOST_DATA:
            notes.append(f"{name} is opened when the workflow is imported and is too large to be bundled: "
                         "--include it, or read it in preprocess()")
        else:
            _copy(file, made / name)
    return notes


def _copy_included(loaded: Loaded, include: Iterable[Path], made: Path) -> None:
    for path in map(Path, map(os.path.expanduser, include)):
        if not path.exists():
            raise Refused(f"--include {path}: there is no such file or folder")
        path = path.resolve()
        name = path.relative_to(loaded.folder) if loaded.folder in path.parents else Path(path.name)
        if path.is_dir():
            compiled = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(path, made / name, dirs_exist_ok=True, ignore=compiled)
        else:
            _copy(path, made / name)


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)
    os.utime(place, (315532800, 315532800))
