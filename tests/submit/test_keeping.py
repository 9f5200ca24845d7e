"""Archives of environments where the next run finds them: put there once, and removed when nobody uses them."""

from __future__ import annotations

import getpass
import os
import time
import zipfile

import pytest

from d4p.errors import RunFailed
from d4p.hadoop.java import prepare
from d4p.hadoop.submit.jars import archive_name
from d4p.hadoop.submit.share import keep
from d4p.hadoop.submit.shell import Shell
from d4p.hadoop.submit.spark_home import find_spark
from d4p.hadoop.submit.submit import _keep, _keep_jars
from d4p.hadoop.submit.unused import UNUSED_DAYS, File, listed, unused

from .running import environment, hadoop_conf, spark
from .servers import serving

DAY = 24 * 3600
A, B, C, D = (f"env-{letter * 8}-0123456789abcdef.tar.gz" for letter in "abcd")
APPS = "/ws/v1/cluster/apps"


@pytest.fixture
def yarn():
    """A ResourceManager with no application."""
    with serving() as server:
        server.answers = {"/ws/v1/cluster/info": {"clusterInfo": {}}, APPS: {"apps": None}}
        yield server


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "kept"
    made.mkdir()
    return made


@pytest.fixture
def archive(tmp_path):
    """One that is to be kept."""
    file = tmp_path / D
    file.write_text("x")
    return file


def there(folder, name, days):
    """A file that was written so many days ago."""
    (folder / name).write_text("" if name.endswith(".used") else "x")
    os.utime(folder / name, (time.time() - days * DAY,) * 2)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


@pytest.mark.spark
def test_by_hadoops_own_client(tmp_path, folder, archive, yarn):
    """On a file system of this machine, with archives of other days."""
    env = environment(HADOOP_CONF_DIR=str(hadoop_conf(tmp_path / "conf",
                                                      yarn_resourcemanager_webapp_address=yarn.address)))
    here = find_spark(env)
    prepare(env, here.version, quiet=True)
    url, shell = f"file://{folder}/{D}", Shell(here, env)
    there(folder, D, 40)
    there(folder, f"{D}.used", 40)
    before = (folder / D).stat().st_mtime
    assert keep(archive, url, shell) == [f"is at {url}"]
    assert (folder / D).stat().st_mtime == before and time.time() - (folder / f"{D}.used").stat().st_mtime < 60

    (folder / D).unlink()
    for name, days in [(A, 40), (f"{A}.used", 31), (B, 40), (f"{B}.used", 29), (C, 29), ("notes.txt", 90),
                       (f"{C[:-9]}0.tar.gz._COPYING_", 31)]:  # fmt: skip
        there(folder, name, days)
    said = f"2 archives that nobody has used for {UNUSED_DAYS} days removed from file://{folder}"
    assert keep(archive, url, shell) == [f"kept as {url}", said]
    assert names(folder) == sorted([B, f"{B}.used", C, D, f"{D}.used", "notes.txt"])
    assert (folder / D).read_text() == "x"
    (asked,) = [path for _, path, _ in yarn.asked if path.startswith(APPS)]
    assert asked.endswith(f"&user={getpass.getuser()}")


def test_which_are_not_used():
    now = 1000.0 * DAY

    def left(*files, limit=now - 30 * DAY):
        files = [File(now - days * DAY, owner, name) for name, days, owner in files]
        return unused(files, D, "me", limit)

    assert left((A, 31, "me"), (B, 29, "me"), (D, 90, "me")) == [A]
    assert left((A, 90, "me"), (f"{A}.used", 29, "me")) == []
    assert left((A, 90, "me"), (f"{A}.used", 31, "me")) == [A, f"{A}.used"]
    assert left((f"{A}.used", 31, "me")) == [f"{A}.used"]  # of an archive that is gone
    assert left((A, 31, "another"), ("env-mine.tar.gz", 90, "me"), (f"{A}.old", 90, "me")) == []
    assert left((A, 31, "me"), (B, 36, "me"), limit=now - 35 * DAY) == [B]


def test_what_hadoop_lists():
    assert listed("1700000000123 me env-a b.tar.gz\nWARN of something else\n\n") == [
        File(1700000000.123, "me", "env-a b.tar.gz")]


@pytest.fixture
def client(tmp_path):
    """A client of Hadoop that does as the real one with files of this machine, but for a command that is to fail."""
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text('#!/bin/sh\nshift 3\necho "$1" >> "$D4P_LOG"\n'
                    'if [ "$1" = "$D4P_FAILS" ]; then echo "$1: Permission denied" >&2; exit 1; fi\n'
                    'gone() { echo "$1: No such file or directory" >&2; exit 1; }\ncase $1 in\n'
                    '-mkdir) mkdir -p "$3" ;;\n-touchz) touch "$2" 2>/dev/null || gone touchz ;;\n'
                    '-test) [ -e "$3" ] || exit 1 ;;\n'
                    '-put) [ ! -e "$3" ] || { echo "put: File exists" >&2; exit 1; }\n'
                    'cp "$2" "$3" 2>/dev/null || gone put ;;\n'
                    '-stat) for f in $3; do stat -c "%Y000 %U ${f##*/}" "$f"; done ;;\n'
                    '-rm) shift 3; rm -f "$@" ;;\nesac\n')
    java.chmod(0o755)

    def shell(yarn="", fails=""):
        conf = hadoop_conf(tmp_path / "conf", **({"yarn_resourcemanager_webapp_address": yarn} if yarn else {}))
        return Shell(spark(), {"JAVA_HOME": str(tmp_path / "java"), "PATH": os.environ["PATH"], "D4P_FAILS": fails,
                               "D4P_LOG": str(tmp_path / "log"), "HADOOP_CONF_DIR": str(conf)})  # fmt: skip

    return shell


def test_it_is_kept_once(tmp_path, folder, archive, client):
    url = f"{folder}/here/{D}"
    assert keep(archive, url, client()) == [f"kept as {url}"]
    assert keep(archive, url, client()) == [f"is at {url}"]
    asked = (tmp_path / "log").read_text().split()
    assert asked == ["-touchz", "-mkdir", "-touchz", "-put", "-stat", "-touchz", "-put"]


def test_what_a_run_that_lasts_may_use_stays(folder, archive, client, yarn):
    url = f"{folder}/{D}"
    yarn.answers[APPS] = {"apps": {"app": [{"startedTime": 1000 * (time.time() - days * DAY)} for days in (3, 35)]}}
    for name, days in [(A, 35.5), (B, 36.5), (C, 31)]:
        there(folder, name, days)
    assert keep(archive, url, client(yarn.address))[1].startswith("an archive that nobody has used")
    assert names(folder) == [A, C, D, f"{D}.used"]


@pytest.mark.parametrize("yarn", ["", "127.0.0.1:1"])
def test_where_yarn_does_not_say_what_runs_all_stays(folder, archive, client, yarn):
    there(folder, A, 90)
    assert keep(archive, f"{folder}/{D}", client(yarn)) == [f"kept as {folder}/{D}"]
    assert names(folder) == [A, D, f"{D}.used"]


@pytest.mark.parametrize("fails, lines", [
    ("-rm", ["kept as FOLDER/D", "archives that nobody has used for 30 days can't be removed from FOLDER: -rm: "
                                 "Permission denied"]),
    ("-stat", ["kept as FOLDER/D", "archives that nobody has used for 30 days can't be removed from FOLDER: -stat: "
                                   "Permission denied"]),
    ("-touchz", ["kept as FOLDER/D"]),
])  # fmt: skip
def test_a_run_can_do_without(folder, archive, client, yarn, fails, lines, capsys):
    there(folder, A, 90)
    assert _keep(archive, f"{folder}/{D}", client(yarn.address, fails))
    said = capsys.readouterr().out.splitlines()
    assert said == [f"environment: {line.replace('/D', f'/{D}').replace('FOLDER', str(folder))}" for line in lines]
    assert A in names(folder) and D in names(folder)


def test_where_it_cannot_be_kept_that_is_said(folder, archive, client, capsys):
    with pytest.raises(RunFailed, match=f"{D} can't be kept in {folder}: -put: Permission denied"):
        keep(archive, f"{folder}/{D}", client(fails="-put"))
    assert not _keep(archive, f"{folder}/{D}", client(fails="-put"))
    assert capsys.readouterr().out.endswith("Permission denied; it is uploaded for this run alone\n")


@pytest.fixture
def home(tmp_path):
    """A Spark of two jars."""
    (tmp_path / "spark" / "jars").mkdir(parents=True)
    for name in ("spark-core.jar", "hadoop-client.jar"):
        (tmp_path / "spark" / "jars" / name).write_bytes(name.encode() * 100)
    return spark(tmp_path / "spark", "4.3.0")


def test_sparks_jars_are_kept_once_and_removed_when_nobody_uses_them(folder, home, client, yarn, capsys):
    name = archive_name(home)
    assert name.startswith("jars-4.3.0-") and name == archive_name(home)
    old = "jars-3.5.9-0123456789abcdef.zip"
    there(folder, old, 40)
    there(folder, A, 40)
    url = f"{folder}/{name}"
    assert _keep_jars(home, url, client(yarn.address)) and _keep_jars(home, url, client(yarn.address))
    assert capsys.readouterr().out.splitlines() == [
        "Spark's jars: being put into one archive; it is kept for the next time", f"Spark's jars: kept as {url}",
        f"Spark's jars: 2 archives that nobody has used for {UNUSED_DAYS} days removed from {folder}",
        f"Spark's jars: are at {url}"]  # fmt: skip
    assert names(folder) == [name, f"{name}.used"]
    with zipfile.ZipFile(folder / name) as made:  # at the top, as Spark looks for them
        assert made.namelist() == ["hadoop-client.jar", "spark-core.jar"] and made.testzip() is None
    (home.home / "jars" / "guava.jar").write_bytes(b"x")
    assert archive_name(home) != name


def test_a_run_can_do_without_the_archive_of_jars(folder, home, client, capsys):
    assert not _keep_jars(home, f"{folder}/{archive_name(home)}", client(fails="-put"))
    assert capsys.readouterr().out.endswith(f"can't be kept in {folder}: -put: Permission denied\n")
