"""Servers written in Java, for tests: fetched once, by Maven, into the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path


class Missing(Exception):
    """What a server needs and this machine hasn't, in one line."""


def fetched(pom: Path, what: str, proof: str, say: Callable[[str], None] = lambda line: None) -> Path:
    """The folder of the jars that a pom asks for. Raises Missing.

    They are fetched into a folder of another name that is renamed when all are there, under a lock: neither a fetch
    that was cut short nor two at once leave a folder that lacks some.

    Args:
        pom: stands in a folder of the name that theirs begins with.
        what: what they are, in words.
        proof: what the name of one of them begins with, without which all is nothing.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d4p-tests"
    folder = cache / f"{pom.parent.name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            for unfinished in cache.glob(".fetching-*"):
                shutil.rmtree(unfinished)
            fetching = Path(tempfile.mkdtemp(prefix=".fetching-", dir=cache))
            say(f"Maven fetches {what} into {folder}, once; it takes a minute or more")
            _fetch(pom, fetching, what, proof)
            (fetching / "jars").rename(folder)
            shutil.rmtree(fetching)
    return folder


def _fetch(pom: Path, folder: Path, what: str, proof: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing(f"Maven is missing: {what} are fetched with mvn (apt install maven)")
    shutil.copy(pom, folder)
    command = [maven, "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies",
               f"-DoutputDirectory={folder / 'jars'}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode or not list((folder / "jars").glob(f"{proof}*.jar")):
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
        reason = errors[0] if errors else f"exit status {done.returncode}"
        raise Missing(f"Maven can't fetch {what}: {reason[:300]}")


def java(what: str) -> Path:
    """The `java` of a JDK: JAVA_HOME's, else the first on PATH. Raises Missing."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")
    if found is None:
        raise Missing(f"a JDK is missing: {what} need Java 17 or later (apt install openjdk-17-jdk)")
    path = Path(found).resolve()
    if not (path.parent / "javac").exists():
        raise Missing(f"{path} belongs to a JRE: {what} need a JDK (apt install openjdk-17-jdk)")
    return path
