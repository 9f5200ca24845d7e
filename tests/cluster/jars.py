"""The jars of Hadoop's servers: fetched once, by Maven, into the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent / "hadoop"


class Missing(Exception):
    """What a cluster needs and this machine hasn't, in one line."""


def jars(say: Callable[[str], None] = lambda line: None) -> Path:
    """The folder of the jars that pom.xml asks for. Raises Missing.

    They are fetched into a folder of another name that is renamed when all are there, under a lock: neither a fetch
    that was cut short nor two at once leave a folder that lacks some.
    """
    pom = HERE / "pom.xml"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d4p-tests"
    folder = cache / f"hadoop-{hashlib.sha256(pom.read_bytes()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            for unfinished in cache.glob(".fetching-*"):
                shutil.rmtree(unfinished)
            fetching = Path(tempfile.mkdtemp(prefix=".fetching-", dir=cache))
            say(f"Maven fetches the servers of Hadoop into {folder}, once; it takes a minute or more")
            _fetch(pom, fetching)
            (fetching / "jars").rename(folder)
            shutil.rmtree(fetching)
    return folder


def _fetch(pom: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("Maven is missing: the servers of Hadoop are fetched with mvn (apt install maven)")
    shutil.copy(pom, folder)
    command = [maven, "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies",
               f"-DoutputDirectory={folder / 'jars'}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode or not list((folder / "jars").glob("hadoop-minicluster-*.jar")):
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
        reason = errors[0] if errors else f"exit status {done.returncode}"
        raise Missing(f"Maven can't fetch the servers of Hadoop: {reason[:300]}")


def java() -> Path:
    """The `java` of a JDK: JAVA_HOME's, else the first on PATH. Raises Missing."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")
    if found is None:
        raise Missing("a JDK is missing: the servers of Hadoop need Java 17 or later (apt install openjdk-17-jdk)")
    path = Path(found).resolve()
    if not (path.parent / "javac").exists():
        raise Missing(f"{path} belongs to a JRE: the servers of Hadoop need a JDK (apt install openjdk-17-jdk)")
    return path
