"""The Java of a cluster's nodes, as far as it can be known before anything runs there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d4p.hadoop.submit import hadoop
from d4p.hadoop.submit.settings import Settings
from d4p.hadoop.submit.yarn import Yarn

#: Nodes that are asked.
_NODES = 3
#: Settings that name the Java of the containers.
_HOMES = ("spark.yarn.appMasterEnv.JAVA_HOME", "spark.executorEnv.JAVA_HOME")


@dataclass(frozen=True)
class NodeJava:
    """A version (8, say) and where it was found."""

    version: int
    source: str


def cluster_java(settings: Settings) -> Iterator[NodeJava]:
    """What is known of the Java that the program and its executors will run on.

    From the settings where they name one, else from Hadoop's own: its servers hand their JAVA_HOME on to what they
    start, so they are asked what they run on, and where they don't answer their hadoop-env.sh is read.
    """
    spark = settings.effective
    named = [(key, spark[key]) for key in _HOMES if key in spark]
    for key, home in named:
        version = version_of(home)
        if version is not None:
            yield NodeJava(version, f"{key}={home}")
    if len(named) < len(_HOMES) and settings.hadoop:
        yield from _hadoops(Path(settings.hadoop))


def version_of(home: str) -> int | None:
    """The version of a Java: from its file `release` where this machine has it too, else from the folder's name.

    >>> version_of("/usr/lib/jvm/java-1.8.0-openjdk"), version_of("/opt/jdk-17.0.2"), version_of("/opt/java")
    (8, 17, None)
    """
    try:
        text = Path(home, "release").read_text(errors="replace")
    except OSError:
        text = ""
    found = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', text)
    found = found or re.search(r"(?:java|jdk|jre|openjdk|temurin|zulu|corretto)[-_]?(?:1\.)?(\d+)", Path(home).name)
    return int(found[1]) if found else None


def _hadoops(folder: Path) -> Iterator[NodeJava]:
    asked = False
    for node in Yarn(folder).nodes()[:_NODES]:
        if version := Yarn.java_of(node):
            asked = True
            yield NodeJava(version, f"that of the NodeManager at {node}")
    home = hadoop.java_home(folder)
    if not asked and home and (version := version_of(home)):
        yield NodeJava(version, f"JAVA_HOME={home} in Hadoop's settings, {folder}")
