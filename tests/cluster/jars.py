"""The jars of Hadoop's servers, and the Java that runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests import maven
from tests.maven import Missing

__all__ = ["HERE", "Missing", "jars", "java"]

HERE = Path(__file__).parent / "hadoop"
_WHAT = "the servers of Hadoop"


def jars(say: Callable[[str], None] = lambda line: None) -> Path:
    """The folder of the jars that pom.xml asks for. Raises Missing."""
    return maven.fetched(HERE / "pom.xml", _WHAT, "hadoop-minicluster-", say)


def java() -> Path:
    """The `java` of a JDK. Raises Missing."""
    return maven.java(_WHAT)
