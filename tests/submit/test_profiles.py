"""Profiles: what a file may hold, whose comes first, what an unknown one is told."""

from __future__ import annotations

import re

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p.hadoop.submit.options import Request, as_settings, parse
from d4p.hadoop.submit.profiles import expand, read_profile, read_properties
from d4p.hadoop.submit.properties import lines
from d4p.hadoop.submit.settings import settings
from d4p_compile.conf import known_profile, profiles, settings_files

from .running import WORDCOUNT, spark

NAMES = ["local", "local-cluster", "standalone", "yarn-client", "yarn-cluster"]


@pytest.fixture
def bundle(tmp_path):
    """A folder with one profile."""
    folder = tmp_path / "bundle"
    (folder / "profiles").mkdir(parents=True)

    def write(text: str):
        (folder / "profiles" / "mine.conf").write_text(text)
        return folder

    return write


def decided(folder, environ=None, **request):
    return settings(Request("mine", **request), folder, spark(), environ or {})


@pytest.mark.parametrize("name", NAMES)
def test_each_that_comes_with_it_can_be_read_and_travels(name, tmp_path):
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert sorted(profiles(environ)) == NAMES
    assert read_properties(profiles(environ)[name], {})
    assert settings_files(environ)[f"profiles/{name}.conf"] == profiles(environ)[name].read_text()


def test_a_bundle_has_them_and_its_workers_do_not_get_them(tmp_path):
    import zipfile

    bundle = d4p_compile.compile(WORDCOUNT, "spark", output=tmp_path / "bundle")
    assert sorted(path.stem for path in (bundle.folder / "profiles").iterdir()) == NAMES
    with zipfile.ZipFile(bundle.folder / "workflow.zip") as archive:
        assert sorted(archive.namelist()) == ["opticks.txt", "wordcount.py"]


def test_the_users_own_come_first(tmp_path):
    mine = tmp_path / "config" / "d4p_compile" / "profiles"
    mine.mkdir(parents=True)
    (mine / "yarn-cluster.conf").write_text("spark.master yarn\n")
    (mine / "ours.conf").write_text("spark.master spark://ours:7077\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert profiles(environ)["yarn-cluster"].parent == mine
    assert sorted(profiles(environ)) == sorted([*NAMES, "ours"])


def test_the_users_own_travel_in_no_bundle(tmp_path):
    """They may hold secrets, and a bundle is handed on."""
    mine = tmp_path / "d4p_compile" / "profiles"
    mine.mkdir(parents=True)
    for name in ("yarn-cluster", "ours"):
        (mine / f"{name}.conf").write_text("spark.master yarn\nspark.x.password swordfish\n")
    files = settings_files({"XDG_CONFIG_HOME": str(tmp_path)})
    assert set(files) == {"log4j2.properties", *(f"profiles/{name}.conf" for name in NAMES)}
    assert not [text for text in files.values() if "swordfish" in text]


def test_an_unknown_one_is_told_those_that_are(tmp_path, bundle):
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(Refused, match="no profile 'yarn-clutser': the profiles are local, .*mean yarn-cluster"):
        known_profile("yarn-clutser", environ)
    with pytest.raises(Refused, match="no profile 'x': the profiles are mine "):
        read_profile(bundle("spark.master local\n"), "x", {})


def test_lines_are_as_in_spark_defaults(tmp_path):
    file = tmp_path / "a.conf"
    file.write_text("# a comment\n\nspark.a   1 2\nspark.b=x=y\n  spark.c = $HOME/k $OTHER\n")
    assert read_properties(file, {"HOME": "/home/me"}) == {
        "spark.a": "1 2", "spark.b": "x=y", "spark.c": "/home/me/k $OTHER"}  # fmt: skip
    assert expand("$SPARK_HOMER", {"SPARK_HOME": "/opt"}) == "$SPARK_HOMER"
    names = {"USER": "me", "HADOOP_USER_NAME": "science"}
    assert expand("hdfs:///user/$USER", names) == "hdfs:///user/science" and expand("/home/$USER", names) == "/home/me"


@pytest.mark.parametrize(("line", "shown"), [
    ("spark.master", "'spark.master'"), ("master yarn", "no name of a setting"), ("swordfish", "no name of a setting"),
    ("fs.s3a.secret.key  swordfish", "'fs.s3a.secret.key'"), ("fs.s3a.secret.key:swordfish", "'fs.s3a.secret.key'"),
    ("fs.s3a.secret.key=sword.fish", "'fs.s3a.secret.key'"), ("sword.fish/==", "no name of a setting"),
    ("sword.fish", "no name of a setting"),
])  # fmt: skip
def test_a_line_that_is_none_is_named_and_its_value_is_not(tmp_path, line, shown):
    (tmp_path / "a.conf").write_text(f"# first\n{line}\n")
    with pytest.raises(Refused, match=rf"a\.conf, line 2: .*it begins with {shown}$"):
        read_properties(tmp_path / "a.conf", {})


@pytest.mark.parametrize(("text", "found"), [
    ("spark.a", {"spark.a": ""}), ("spark.a=", {"spark.a": ""}), ("spark.a:1", {"spark.a": "1"}),
    ("spark.a  = 1 ", {"spark.a": "1"}), ("spark.a = = 1", {"spark.a": "= 1"}), ("! no\n # no\n", {}),
    ("spark.a 1,\\\n  2,\\\r\n3", {"spark.a": "1,2,3"}), ("spark.a \\\\\nspark.b 1", {"spark.a": "\\", "spark.b": "1"}),
    ("spark.a 1\\", {"spark.a": "1"}), (r"spark.a\:b C\:\\x\u00e9", {"spark.a:b": r"C:\xé"}),
    ("spark.a 1 # no comment", {"spark.a": "1 # no comment"}), ("spark.a -Dx=1 -Dy=2", {"spark.a": "-Dx=1 -Dy=2"}),
])  # fmt: skip
def test_lines_are_read_as_java_does(text, found):
    assert {key: value for _, key, value in lines(text)} == found


def test_options_come_before_the_profile(bundle):
    folder = bundle("spark.master yarn\nspark.executor.memory 1g\nspark.d4p.env pack\nspark.yarn.queue a\n")
    found = decided(folder, conf={"spark.executor.memory": "2g"}, env="path", python="/usr/bin/python3")
    assert (found.master, found.mode, found.env, found.python) == ("yarn", "client", "path", "/usr/bin/python3")
    assert found.spark["spark.executor.memory"] == "2g" and found.spark["spark.yarn.queue"] == "a"
    assert not [key for key in found.spark if key.startswith("spark.d4p.")]


def test_python_alone_means_that_of_the_nodes(bundle):
    assert decided(bundle("spark.master yarn\nspark.d4p.env pack\n"), python="/p").env == "path"


@pytest.mark.parametrize("conf", [{"spark.pyspark.python": "/p"}, {"spark.d4p.python": "/p"}])
def test_a_python_among_the_settings_of_the_command_line_comes_first(bundle, conf):
    folder = bundle("spark.master yarn\nspark.d4p.env pack\nspark.d4p.python /q\nspark.pyspark.python /r\n")
    found = decided(folder, conf=conf)
    assert (found.env, found.python) == ("path", "/p")
    assert decided(folder).python == "/q"


def test_a_python_beside_the_one_that_is_packed_is_refused(bundle):
    folder = bundle("spark.master yarn\n")
    for wanted in ({"python": "/p"}, {"conf": {"spark.pyspark.python": "/p"}}):
        with pytest.raises(Refused, match="--env pack sends the Python that d4p runs in, and /p is asked for as well"):
            decided(folder, env="pack", **wanted)


def test_what_spark_has_by_default_is_known(bundle, tmp_path):
    (tmp_path / "spark-defaults.conf").write_text("spark.yarn.archive hdfs:///a\nspark.pyspark.python /p\n")
    found = decided(bundle("spark.master yarn\nspark.x 1\n"), {"SPARK_CONF_DIR": str(tmp_path)})
    assert found.python == "/p" and "spark.yarn.archive" not in found.spark
    assert found.effective["spark.yarn.archive"] == "hdfs:///a" and found.effective["spark.x"] == "1"
    other = tmp_path / "other.conf"
    other.write_text("spark.y 2\n")
    assert decided(bundle("spark.master yarn\n"), spark=("--properties-file", str(other))).defaults == {"spark.y": "2"}


def test_a_profile_without_a_master_and_one_with_a_setting_of_ours_that_is_none(bundle):
    with pytest.raises(Refused, match="the profile mine names no master: .*--master spark://HOST:7077"):
        decided(bundle("spark.executor.memory 1g\n"))
    with pytest.raises(Refused, match=r"no setting spark\.d4p\.envs: d4p's own are spark\.d4p\.env, "):
        decided(bundle("spark.master yarn\nspark.d4p.envs pack\n"))
    with pytest.raises(Refused, match="must be pack or path; it is 'ship'"):
        decided(bundle("spark.master yarn\nspark.d4p.env ship\n"))


def test_hadoops_settings_are_the_environments_or_the_profiles(bundle):
    folder = bundle("spark.master yarn\nspark.d4p.hadoopConfDir /etc/a\n")
    assert decided(folder).hadoop == "/etc/a"
    assert decided(folder, {"HADOOP_CONF_DIR": "/etc/b"}).hadoop == "/etc/b"
    given = {"spark.d4p.hadoopConfDir": "/etc/c"}
    assert decided(folder, {"HADOOP_CONF_DIR": "/etc/b"}, conf=given).hadoop == "/etc/c"


def test_hadoops_settings_are_those_of_the_hadoop_that_is_installed_where_nobody_names_any(bundle, tmp_path):
    (tmp_path / "etc" / "hadoop").mkdir(parents=True)
    found = decided(bundle("spark.master yarn\n"), {"HADOOP_HOME": str(tmp_path)})
    assert found.hadoop == str(tmp_path / "etc" / "hadoop")


def test_a_line_in_sparks_defaults_that_d4p_makes_nothing_of_hides_no_other(bundle, tmp_path):
    file = tmp_path / "spark-defaults.conf"
    file.write_bytes(b"hive.x 1\nspark.driver.extraLibraryPath\nspark.a \xff\nspark.jars a.jar,\\\n  b.jar\n"
                     b"spark.b $HOME/x\nspark.master yarn")
    found = settings(Request(), bundle(""), spark(), {"SPARK_CONF_DIR": str(tmp_path), "HOME": "/home/me"})
    assert found.master == "yarn" and found.defaults["spark.jars"] == "a.jar,b.jar"
    assert found.defaults["spark.b"] == "$HOME/x"  # Spark has no such variables in it
    assert "hive.x" not in found.defaults


def test_without_a_profile_spark_decides(bundle, tmp_path):
    (tmp_path / "spark-defaults.conf").write_text("spark.master yarn\nspark.submit.deployMode cluster\n")
    found = settings(Request(), bundle(""), spark(), {"SPARK_CONF_DIR": str(tmp_path)})
    assert (found.master, found.mode, found.env, dict(found.spark)) == ("yarn", "cluster", None, {})
    assert settings(Request(), bundle(""), spark(tmp_path / "none"), {}).master == "local[*]"


def test_what_submit_sh_is_asked():
    found = parse(["--profile", "p", "--queue", "q", "--conf", "spark.x=1=2", "--jars", "a.jar", "-i", "3", "--dry-run",
                   "--", "--output", "hdfs:///out"])  # fmt: skip
    assert found.conf == {"spark.yarn.queue": "q", "spark.x": "1=2"}
    assert found.spark == ("--jars", "a.jar") and found.program == ("--iter=3", "--output", "hdfs:///out")
    assert found.profile == "p" and found.dry_run


def test_a_conf_that_is_no_setting():
    for text in ("spark.x", "spark.x swordfish", "spark.x:swordfish"):
        with pytest.raises(Refused, match="--conf must be KEY=VALUE.*; it begins with 'spark.x'$"):
            as_settings({}, [text])


def test_an_archive_of_sparks_jars_is_kept_where_that_is_asked_for_and_nothing_else_is_said(bundle):
    folder = bundle("spark.master yarn\nspark.d4p.keep hdfs:///k/\n")
    kept = decided(folder, conf=parse(["--keep-jars"]).conf)
    assert re.fullmatch(r"hdfs:///k/jars-4\.0\.1-[0-9a-f]{16}\.zip", kept.jars)
    assert kept.spark["spark.yarn.archive"] == kept.jars and decided(folder).jars is None
    for setting in ("spark.yarn.jars", "spark.yarn.archive"):
        other = decided(folder, conf={"spark.d4p.jars": "keep", setting: "hdfs:///theirs"})
        assert other.jars is None and other.spark[setting] == "hdfs:///theirs"
    assert decided(folder, conf={"spark.d4p.jars": "keep", "spark.master": "local[2]"}).jars is None
    with pytest.raises(Refused, match="spark.d4p.jars must be upload or keep; it is 'always'"):
        decided(folder, conf={"spark.d4p.jars": "always"})
    with pytest.raises(Refused, match="--keep-jars keeps the archive of Spark's jars in the folder that spark.d4p."):
        decided(bundle("spark.master yarn\nspark.d4p.jars keep\n"))
