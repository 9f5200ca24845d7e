"""A virtual environment with d4p and one extra, made as a user makes one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What a package of d4p is built from.
_SOURCES = ("d4p_compile", "runtime", "conf", "setup.py", "pyproject.toml", "README.md")
_SECONDS = 1200


class Wrong(Exception):
    """What should be so isn't."""


def extras() -> list[str]:
    """The names of setup.py's extras."""
    return sorted(name for name in metadata.metadata("d4p_compile").get_all("Provides-Extra") or ())


def oldest() -> list[str]:
    """The oldest version that setup.py allows of each package, as pip's constraints."""
    text = (ROOT / "setup.py").read_text()
    return sorted({f"{name}=={least}" for name, least in re.findall(r'["\']([\w-]+)(?:\[\w+\])?>=([\d.]+)', text)})


def wheel(folder: Path) -> Path:
    """d4p as a wheel; built from a copy, since setuptools leaves a folder where it builds."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    for name in _SOURCES:
        where = ROOT / name
        if where.is_dir():
            shutil.copytree(where, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(where, source)
    command(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source), cwd=folder)
    return next(folder.glob("d4p_compile-*.whl"))


class Environment:
    """A virtual environment in a folder, with d4p and an extra (`none` for none) and nothing else.

    Args:
        constraints: versions that pip is to take.
    """

    def __init__(self, folder: Path, package: Path, extra: str, constraints: Iterable[str] = ()) -> None:
        self.folder, self.extra, begun = folder, extra, time.monotonic()
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            command(sys.executable, "-m", "venv", str(folder), cwd=folder.parent)
            (folder / "constraints").write_text("\n".join(constraints))
            wanted = f"d4p_compile{'' if extra == 'none' else f'[{extra}]'} @ {package.as_uri()}"
            self.run("python", "-m", "pip", "install", "-q", "-c", str(folder / "constraints"), wanted)
            (folder / "complete").touch()
        self.seconds = time.monotonic() - begun
        self.work = folder / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def path_of(self, package: str) -> tuple[Path, str]:
        """The folder of a package, and its version."""
        said = self.run("python", "-c", f"import {package} as p; print(p.__file__); print(p.__version__)").split()
        return Path(said[0]).parent, said[1]

    def run(self, program: str, *words: str, status: int = 0, **more: str) -> str:
        """What a program of the environment says on both streams. Raises Wrong for another exit status."""
        bin = self.folder / "bin"
        folder = self.work if getattr(self, "work", None) else self.folder
        return command(str(bin / program), *words, cwd=folder, status=status, VIRTUAL_ENV=str(self.folder),
                       PATH=f"{bin}:{os.environ['PATH']}", **more)


def command(*words: str, cwd: Path, status: int = 0, **more: str) -> str:
    """What a command says, which must end with a status. Raises Wrong."""
    hidden = {"PYTHONPATH", "PYSPARK_PYTHON", "SPARK_HOME", "SPARK_REMOTE", "HADOOP_CONF_DIR"}
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(words, cwd=cwd, env={**environ, **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=_SECONDS)
    if done.returncode != status:
        raise Wrong(f"{' '.join(words)} ended with {done.returncode}, not {status}:\n{done.stdout}")
    return done.stdout
