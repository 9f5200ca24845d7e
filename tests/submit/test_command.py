"""The command of each profile as --dry-run prints it is that of a file in golden/. D4P_UPDATE_GOLDEN=1 writes them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from d4p.errors import Refused
from d4p.hadoop.submit.command import Command, build, printed
from d4p.hadoop.submit.options import Request, parse
from d4p.hadoop.submit.properties import lines
from d4p.hadoop.submit.secrets import handed_over
from d4p.host.threads import KERNELS

from .running import ROOT, WORDCOUNT, environment, hadoop_conf, settings, spark, submit

GOLDEN = Path(__file__).with_name("golden")
CASES = {
    "local": ["--profile", "local", "--conf", "spark.executorEnv.X=a b"],
    "local-cluster": ["--profile", "local-cluster", "-n", "6"],
    "standalone": ["--profile", "standalone", "--master", "spark://host:7077", "--executor-memory", "2g"],
    "yarn-client": ["--profile", "yarn-client", "--queue", "science", "--num-executors", "3", "--output", "out"],
    "yarn-cluster": ["--profile", "yarn-cluster", "--limit", "10", "--output", "hdfs:///user/me/a b",
                     "--driver-memory", "1g", "--conf", "spark.yarn.archive=hdfs:///spark.zip"],
    "yarn-client-jars": ["--profile", "yarn-client", "--keep-jars", "--env", "path", "--python", "/opt/bin/python3"],
    "yarn-cluster-path": ["--profile", "yarn-cluster", "--env", "path", "--python", "/opt/python/bin/python3"],
}  # fmt: skip


@pytest.fixture
def hadoop(tmp_path):
    return hadoop_conf(tmp_path / "hadoop")


def dry_run(tmp_path, hadoop, *options, **env):
    (tmp_path / "work").mkdir(exist_ok=True)
    mine = environment(HADOOP_CONF_DIR=str(hadoop), XDG_CONFIG_HOME=str(tmp_path), USER="me")
    env = {key: value for key, value in mine.items() if key not in KERNELS} | env
    return submit(WORDCOUNT, *options, "--dry-run", cwd=tmp_path / "work", env=env)


@pytest.mark.parametrize("name", CASES)
def test_the_command_of_each_profile(name, tmp_path, hadoop):
    done = dry_run(tmp_path, hadoop, *CASES[name])
    assert done.returncode == 0, done.stderr
    found = without_this_machine(done.stdout, tmp_path)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("D4P_UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text()


def test_a_program_on_a_node_computes_as_this_machine_is_told_to(tmp_path, hadoop):
    """Executors are told by the program (`thread_settings`)."""
    said = "spark.yarn.appMasterEnv.OPENBLAS_CORETYPE=Haswell"
    assert said in dry_run(tmp_path, hadoop, *CASES["yarn-cluster-path"], OPENBLAS_CORETYPE="Haswell").stdout
    own = ["--conf", "spark.yarn.appMasterEnv.OPENBLAS_CORETYPE=Zen"]
    assert said not in dry_run(tmp_path, hadoop, *CASES["yarn-cluster-path"], *own, OPENBLAS_CORETYPE="Haswell").stdout
    assert said not in dry_run(tmp_path, hadoop, *CASES["yarn-client"], OPENBLAS_CORETYPE="Haswell").stdout


def without_this_machine(text: str, tmp_path: Path) -> str:
    """What is printed, with names for the paths and sizes of this machine."""
    import pyspark

    # a virtual environment may be inside the checkout: the interpreter is named before the folder
    for path, name in ((str(Path(pyspark.__file__).parent), "PYSPARK"), (str(tmp_path), "TMP"),
                       (sys.executable, "PYTHON"), (str(ROOT), "ROOT")):  # fmt: skip
        text = text.replace(path, name)
    text = re.sub(r"JAVA_HOME=\S+", "JAVA_HOME=JAVA", text)
    text = re.sub(r"[^\s']*/env-\w+-\w+\.tar\.gz", lambda m: ("" if "hdfs:" in m[0] else "CACHE/") + _named(m[0]), text)
    text = re.sub(r"/jars-[\d.]+-\w+\.zip", "/JARS.zip", text)
    text = re.sub(r"(# ships )env-\w+-\w+\.tar\.gz( +).*", r"\1ENV.tar.gz\2SIZE", text)
    text = re.sub(r"^(# ships \S+ +).*", r"\1SIZE", text, flags=re.MULTILINE)
    return re.sub(r"jars, [\d,]+ MB", "jars, SIZE", text)


def _named(path: str) -> str:
    return f"{path.rpartition('/')[0]}/ENV.tar.gz" if "hdfs:" in path else "ENV.tar.gz"


def test_what_is_printed_is_a_command_of_the_shell(tmp_path, hadoop):
    """Pasted into a shell it compiles the bundle and calls spark-submit with those very words and that environment."""
    done = dry_run(tmp_path, hadoop, *CASES["local"], "-d", '{"a": [{"b": "it\'s"}]}', "--conf", "spark.y=$HOME `x`")
    assert done.returncode == 2 and "no PE has that id" in done.stderr  # inputs are checked as ever
    done = dry_run(tmp_path, hadoop, *CASES["local"], "--conf", "spark.y=$HOME `x` it's")
    import pyspark

    home = Path(pyspark.__file__).parent
    stand_in = tmp_path / "spark-submit"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$SPARK_SUBMIT_OPTS" "$HADOOP_CONF_DIR"\n')
    stand_in.chmod(0o755)
    text = done.stdout.replace(str(home / "bin" / "spark-submit"), shlex.quote(str(stand_in)))
    ran = subprocess.run(["sh", "-c", text], cwd=tmp_path / "work", env=environment(), capture_output=True, text=True,
                         timeout=120)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert "spark.y=$HOME `x` it's" in lines and "spark.executorEnv.X=a b" in lines
    log = "-Dlog4j2.configurationFile=wordcount-spark-rdd/log4j2.properties"
    assert lines[-3:] == ["wordcount-spark-rdd/job.py", log, str(hadoop)]
    assert (tmp_path / "work" / "wordcount-spark-rdd" / "job.py").exists()


def test_it_runs_nothing_and_leaves_nothing(tmp_path, hadoop):
    cache = tmp_path / "cache"
    assert dry_run(tmp_path, hadoop, *CASES["yarn-cluster"], XDG_CACHE_HOME=str(cache)).returncode == 0
    assert not list((tmp_path / "work").iterdir()) and not list(cache.rglob("*.tar.gz"))


def test_files_that_the_program_names_travel_to_its_node(tmp_path, hadoop):
    (tmp_path / "work").mkdir()
    workflow = ROOT / "tests" / "workflows" / "failing.py"
    (tmp_path / "work" / "in.json").write_text('{"Numbers": 1}')
    env = environment(HADOOP_CONF_DIR=str(hadoop), XDG_CONFIG_HOME=str(tmp_path))
    done = submit(f"{workflow}:raises", "--profile", "yarn-cluster", "--env", "path", "--python", "/p", "-f",
                  str(tmp_path / "work" / "in.json"), "--dry-run", cwd=tmp_path / "work", env=env)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/work/in.json" in done.stdout.split("--files")[1].split("--conf")[0]
    options = shlex.split(done.stdout.split("/job.py")[1].split("# ships")[0].replace("\\\n", " "))
    assert options[-1] == "--file=in.json"


def of_parts(tmp_path, *words, bundle="bundle", environ=None, **more):
    """The command that is made of a bundle with nothing in it, of words of submit.sh and of settings."""
    folder = tmp_path / bundle
    folder.mkdir(exist_ok=True)
    for name in ("d4p.zip", "workflow.zip", "log4j2.properties"):
        (folder / name).touch()
    request = parse(list(words))
    found = settings(**({"spark": dict(request.conf)} | more))
    return build(request, found, spark(), folder, "x", more.pop("archive", None), None, None, environ or {})


def listed(command, option):
    words = list(command.words)
    assert words.count(option) == 1, words
    return words[words.index(option) + 1].split(",")


def test_lists_that_are_given_go_along_with_d4ps_own(tmp_path):
    """spark-submit takes the last of two, so there is one."""
    command = of_parts(tmp_path, "--py-files", "libs.zip", "--files", "a.txt", "--archives=x.zip#x", "-f", __file__,
                       "--jars", "a.jar", defaults={"spark.files": "site.txt", "spark.archives": "site.zip"})
    assert [Path(word).name for word in listed(command, "--py-files")] == ["d4p.zip", "workflow.zip", "libs.zip"]
    assert [Path(word).name for word in listed(command, "--files")] == [
        Path(__file__).name, "log4j2.properties#d4p-log4j2.properties", "a.txt"]  # fmt: skip
    assert listed(command, "--archives") == ["x.zip#x"] and listed(command, "--jars") == ["a.jar"]
    assert {"a.txt", "x.zip", "libs.zip"} <= {path.name for path in command.ships}
    site = of_parts(tmp_path, defaults={"spark.files": "site.txt", "spark.submit.pyFiles": "site.py"})
    assert listed(site, "--files")[1:] == ["site.txt"] and listed(site, "--py-files")[2:] == ["site.py"]


def test_a_folder_with_a_space_is_named_so_that_spark_and_java_understand_it(tmp_path):
    command = of_parts(tmp_path, bundle="a b")
    place = (tmp_path / "a b" / "log4j2.properties").as_uri()
    assert "%20" in place and listed(command, "--files") == [f"{place}#d4p-log4j2.properties"]
    assert command.environment["SPARK_SUBMIT_OPTS"] == f"-Dlog4j2.configurationFile={place}"


def test_a_value_of_the_environment_is_quoted_and_its_name_is_not(tmp_path):
    command = Command(("spark-submit", "/x/job.py"), {"A": "b c"}, (tmp_path,), before=(("HADOOP_CONF_DIR=/h c", "e"),))
    lines = list(printed(command, Request(), tmp_path))
    assert lines[0].split(maxsplit=1)[1].startswith("HADOOP_CONF_DIR='/h c' e ") and lines[1] == "A='b c' \\"


def test_spark_submit_waits_for_the_end_whatever_the_settings_say(tmp_path):
    wait = "spark.yarn.submit.waitAppCompletion"
    for more in ({"spark": {wait: "false"}}, {"defaults": {wait: "false"}}):
        command = of_parts(tmp_path, **more)
        assert f"{wait}=true" in command.words and f"{wait}=false" not in command.words
        assert [note for note in command.notes if note.startswith(f"{wait} is set aside")]
    command = of_parts(tmp_path)
    assert f"{wait}=true" in command.words and not [note for note in command.notes if wait in note]
    assert f"{wait}=true" not in of_parts(tmp_path, mode="client").words


def test_zero_is_a_number(tmp_path, hadoop):
    assert parse(["--limit", "0", "-i", "0"]).program == ("--iter=0", "--limit=0")
    done = dry_run(tmp_path, hadoop, "--profile", "local", "--limit", "0")
    assert done.returncode == 0 and "--limit=0" in done.stdout, done.stderr


def test_secrets_are_in_no_command(tmp_path, hadoop):
    """Neither in what is printed nor in the words of a process, but in a file of the user's."""
    mine = tmp_path / "d4p_compile" / "profiles" / "mine.conf"
    mine.parent.mkdir(parents=True)
    mine.write_text("spark.master local[2]\nspark.hadoop.fs.s3a.secret.key swordfish\n")
    done = dry_run(tmp_path, hadoop, "--profile", "mine", "--conf", "spark.ssl.keyPassword=swordfish2")
    assert done.returncode == 0 and "swordfish" not in done.stdout, done.stdout + done.stderr
    assert "# left out, since they are secret: spark.hadoop.fs.s3a.secret.key, spark.ssl.keyPassword;" in done.stdout
    command = of_parts(tmp_path, "--conf", "spark.x.token=a\\b c", "--properties-file", str(tmp_path / "site.conf"))
    (tmp_path / "site.conf").write_text("spark.y 1")
    with handed_over(command, spark(), {}) as given:
        file = Path(listed(given, "--properties-file")[0])
        assert file.read_text() == "spark.y 1\n\nspark.x.token=a\\\\b c\n" and file.stat().st_mode & 0o777 == 0o600
        assert not [word for word in given.words if "spark.x.token" in word] and given.words[-1].endswith("job.py")
    assert not file.exists()


@pytest.mark.parametrize("value", ["a\\b c", "a\nb\rc\td\fe", "#!=:\u00e9\u2026", "\\", "a \\", "\n x"])
@pytest.mark.parametrize("key", ["spark.x.token", "spark.account.key.a:b=c d#e!"])
def test_a_secret_arrives_as_it_was_set(tmp_path, key, value):
    command = of_parts(tmp_path, spark={key: value})
    with handed_over(command, spark(), {}) as given:
        (found,) = lines(Path(listed(given, "--properties-file")[0]).read_text())
    assert found[1:] == (key, value.strip())  # as Spark has it, which strips


@pytest.mark.parametrize("value", [" x", "x ", "\tx"])
def test_a_secret_that_spark_would_strip_is_refused(tmp_path, value):
    with pytest.raises(Refused, match="the value of spark.x.token begins or ends with a space"):
        of_parts(tmp_path, spark={"spark.x.token": value})


def test_secrets_in_the_options_of_java(tmp_path):
    """Those of the program's own are in a file that Java reads; Spark would have made them words of it."""
    setting, value = "spark.driver.extraJavaOptions", r"""-Xss4m '-Ddb.pwd=a "b\c' -Dx=1"""
    command = of_parts(tmp_path, spark={setting: value}, mode="client")
    assert "-Ddb" not in " ".join(command.words)
    with handed_over(command, spark(), {}) as given:
        found = {key: value for _, key, value in lines(Path(listed(given, "--properties-file")[0]).read_text())}
        file = Path(found[setting].removeprefix("@"))
        assert file.read_text() == '"-Xss4m"\n"-Ddb.pwd=a \\"b\\\\c"\n"-Dx=1"\n'
        assert file.stat().st_mode & 0o777 == 0o600
    assert not file.exists()
    command = of_parts(tmp_path, spark={"spark.executor.extraJavaOptions": "-Dapi_key=x", setting: value})
    assert list(command.secret) == ["spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions"]
    assert "Spark starts Java with it on the nodes" in "".join(command.notes) and not command.java


@pytest.mark.parametrize(("setting", "secret", "known"), [
    ("fs.azure.account.key.mine.dfs.core.windows.net", True, False), ("fs.s3a.encryption.key", True, False),
    ("fs.s3a.bucket.b.encryption.key", True, False), ("fs.azure.sas.box.mine.blob.core.windows.net", True, False),
    ("fs.gs.auth.service.account.private.key", True, False), ("fs.adl.oauth2.credential", True, False),
    ("fs.s3a.access.key", True, True), ("fs.s3a.aws.credentials.provider", False, False),
    ("fs.azure.account.keyprovider.mine", False, False), ("security.credential.provider.path", False, False),
    ("my.apikey", True, False), ("MY_API_KEY", True, False), ("x.auth", True, False), ("db.passwd", True, False),
    ("db.pwd", True, False), ("basicAuth", True, False), ("db.pass", True, False), ("http.authorization", True, False),
    ("hadoop.security.authentication", False, False), ("fs.gs.auth.type", False, False), ("author", False, False),
    ("fs.s3a.bypass", False, False), ("authenticate", False, False), ("io.encryption.keySizeBits", False, False),
])  # fmt: skip
def test_what_is_secret_is_known_by_its_name_and_hidden_by_spark_too(tmp_path, setting, secret, known):
    command = of_parts(tmp_path, "--conf", f"spark.hadoop.{setting}=swordfish")
    assert (f"spark.hadoop.{setting}" in command.secret) == secret
    assert bool([word for word in command.words if "swordfish" in word]) != secret
    patterns = [word for word in command.words if word.startswith("spark.redaction.regex=")]
    assert len(patterns) == (secret and not known)
    assert all(re.search(pattern.partition("=")[2], setting) for pattern in patterns)
    own = of_parts(tmp_path, "--conf", f"spark.hadoop.{setting}=x", defaults={"spark.redaction.regex": "mine"})
    assert not [word for word in own.words if word.startswith("spark.redaction.regex=")]


def test_without_a_profile_spark_finds_its_master_itself(tmp_path):
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf" / "spark-defaults.conf"
    file.write_text("# the site's\nspark.driver.extraLibraryPath\nhive.x 1\nspark.master : yarn\n"
                    "spark.files /site/a.txt,\\\n   /site/b.txt\n")  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    env = environment(SPARK_CONF_DIR=str(tmp_path / "conf"), HADOOP_CONF_DIR=str(hadoop_conf(tmp_path / "hadoop")),
                      PYSPARK_DRIVER_PYTHON=sys.executable, PYSPARK_PYTHON="/usr/bin/python3")
    made = [sys.executable, "-m", "d4p_compile", "compile", str(WORDCOUNT), "-t", "spark", "-o", "bundle"]
    subprocess.run(made, cwd=work, env=env, check=True, capture_output=True, timeout=120)

    def command(*options: str, **more: str) -> str:
        done = subprocess.run(["bundle/submit.sh", *options, "--dry-run"], cwd=work, env=env | more, text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = command()
    assert "--master" not in found and "--deploy-mode" not in found
    assert "--files /site/a.txt,/site/b.txt " in found and "Spark's own jars" in found  # it goes to YARN
    assert "--deploy-mode client" in command("--master", "local[2]")
    assert "d4p-log4j2.properties" in command(DEPLOY_MODE="cluster")  # which Spark goes by, too
    file.unlink()
    assert "Spark's own jars" in command(MASTER="yarn") and "Spark's own jars" not in command()


def test_hadoops_settings_of_the_profile_hold_for_the_inputs_too(tmp_path, hadoop):
    """`-f hdfs:///in.json` is looked for in the HDFS that the settings name."""
    (hadoop / "core-site.xml").write_text("<configuration><property><name>fs.defaultFS</name>"
                                          "<value>webhdfs://127.0.0.1:9</value></property></configuration>")
    env = environment(XDG_CONFIG_HOME=str(tmp_path), USER="me")
    done = submit(WORDCOUNT, "--profile", "yarn-client", "--conf", f"spark.d4p.hadoopConfDir={hadoop}", "-f",
                  "webhdfs:///in.json", "--dry-run", cwd=tmp_path, env=env)
    assert done.returncode == 2 and "127.0.0.1:9" in done.stderr and "HADOOP_CONF_DIR" not in done.stderr, done.stderr


def test_submit_sh_prints_the_same_command(tmp_path, hadoop):
    env = environment(HADOOP_CONF_DIR=str(hadoop), PYSPARK_DRIVER_PYTHON=sys.executable, XDG_CONFIG_HOME=str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "d4p_compile", "compile", WORDCOUNT, "-t", "spark", "-o", "bundle"], cwd=work,
                   env=env, check=True, capture_output=True, timeout=120)  # fmt: skip
    options = ["--profile", "yarn-client", "--queue", "science", "--limit", "3", "--dry-run"]
    in_a_shell = env | {"CDPATH": str(work)}  # `cd` prints where it went
    mine = subprocess.run(["bundle/submit.sh", *options], cwd=work, env=in_a_shell, capture_output=True, text=True,
                          timeout=120)
    theirs = submit(WORDCOUNT, *options, cwd=work, env=env)
    assert mine.returncode == theirs.returncode == 0, mine.stderr + theirs.stderr
    found = mine.stdout.replace(str(work / "bundle"), "wordcount-spark-rdd").splitlines()
    wanted = theirs.stdout.splitlines()[1:]  # after the line that compiles
    assert [line for line in wanted if "D4P_SOURCE" not in line] == found


def test_a_target_without_a_cluster_is_refused(tmp_path, hadoop):
    done = dry_run(tmp_path, hadoop, "--profile", "local", "-t", "processes")
    assert done.returncode == 2 and "only Spark programs are submitted" in done.stderr


def test_java_reads_the_secrets_among_its_options(tmp_path):
    import pyspark

    from d4p.hadoop.java import prepare

    env = environment()
    prepare(env, pyspark.__version__, quiet=True)
    value = r"""-Xmx32m '-Ddb.pwd=a "b\c  d' -Dx.token=2"""
    command = of_parts(tmp_path, spark={"spark.driver.extraJavaOptions": value}, mode="client")
    with handed_over(command, spark(), {}) as given:
        ((_, _, where),) = lines(Path(listed(given, "--properties-file")[0]).read_text())
        done = subprocess.run([f"{env['JAVA_HOME']}/bin/java", where, "-XshowSettings:properties", "-version"],
                              capture_output=True, text=True, timeout=60)  # fmt: skip
    assert '    db.pwd = a "b\\c  d\n' in done.stderr and "    x.token = 2\n" in done.stderr, done.stderr
