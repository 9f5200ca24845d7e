"""The client configuration, nameservices, tokens and users; `d4p.files` on executors of Spark on YARN."""

from __future__ import annotations

import getpass
import subprocess
import sys
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pyspark
import pytest

from d4p.filesystems import files, locate, use_default
from d4p.library import ReadFiles
from tests import jvm

pytestmark = pytest.mark.cluster

SPARK_HOME = Path(pyspark.__file__).parent


def site(folder: Path, name: str, **settings: str) -> None:
    lines = [f"<property><name>{key}</name><value>{escape(value)}</value></property>"
             for key, value in settings.items()]
    (folder / f"{name}-site.xml").write_text(f"<configuration>{''.join(lines)}</configuration>")


def test_hadoop_home_instead_of_a_configuration_folder(client, tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hadoop").symlink_to(client.conf_dir)
    monkeypatch.delenv("HADOOP_CONF_DIR")
    monkeypatch.setenv("HADOOP_HOME", str(tmp_path))
    for scheme in "hdfs", "webhdfs":
        assert files.exists(f"{scheme}:///tmp")


def test_a_nameservice_whose_first_namenode_is_down(client, tmp_path, monkeypatch):
    """The second answers, over RPC and over HTTP."""
    rpc, web = (url.partition("://")[2] for url in (client.fs_url, client.webhdfs_url))
    site(tmp_path, "core", **{"fs.defaultFS": "hdfs://big"})
    site(tmp_path, "hdfs", **{
        "dfs.nameservices": "big", "dfs.ha.namenodes.big": "nn1,nn2",
        "dfs.namenode.rpc-address.big.nn1": "localhost:1", "dfs.namenode.rpc-address.big.nn2": rpc,
        "dfs.namenode.http-address.big.nn1": "localhost:1", "dfs.namenode.http-address.big.nn2": web,
        "dfs.client.failover.proxy.provider.big":
            "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider",
    })
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    for url in "hdfs:///tmp", "hdfs://big/tmp", "webhdfs:///tmp", "webhdfs://big/tmp":
        began = time.monotonic()
        assert files.exists(url)
        assert time.monotonic() - began < 20
    path = f"hdfs://big/tmp/ha-{time.time_ns()}"
    with files.open(path, "w") as file:
        file.write("text")
    assert files.open(f"web{path}").read() == b"text"


def test_the_default_file_system_of_a_program(client, tmp_path):
    name = f"/tmp/default-{time.time_ns()}"
    with files.open(f"hdfs://{name}", "w") as file:
        file.write("text")
    use_default(client.fs_url)
    assert files.open(name, "r").read() == "text"
    assert [file.name for file in ReadFiles(name).files()] == [name]
    with files.open("relative", "w") as file:
        file.write("home")
    assert files.open(f"hdfs:///user/{getpass.getuser()}/relative", "r").read() == "home"
    (tmp_path / "here").touch()
    with pytest.raises(FileNotFoundError, match=f"it is on this machine: to take that, write file://{tmp_path}/here"):
        files.open(f"{tmp_path}/here")
    assert files.open(tmp_path / "here").read() == b""


JOB = """
import sys
from pyspark.sql import SparkSession
from d4p.filesystems import files

folder = sys.argv[1]
files.open(f"{folder}/driver", "w").close()  # the driver has used it before

def read(path):
    with files.open(path, "r") as file:
        return path.rpartition("/")[2], file.read()

def write(n):
    with files.open(f"{folder}/from-{n}", "x") as file:
        file.write(str(n))
    return n

spark = SparkSession.builder.getOrCreate()
paths = spark.sparkContext.parallelize([f"{folder}/{n}" for n in range(8)], 4)
found = sorted(paths.map(read).collect())
assert found == [(str(n), f"text {n}") for n in range(8)], found
assert spark.sparkContext.parallelize(range(4), 4).map(write).sum() == 6
spark.stop()
"""


def test_executors_of_spark_on_yarn_open_files_in_the_default_hdfs(client, tmp_path):
    """They find the configuration that Spark ships to them."""
    folder = f"hdfs:///tmp/spark-{time.time_ns()}"
    fs, name = locate(folder)
    fs.makedirs(name)
    for n in range(8):
        with files.open(f"{folder}/{n}", "w") as file:
            file.write(f"text {n}")
    (tmp_path / "job.py").write_text(JOB)
    done = subprocess.run(
        [SPARK_HOME / "bin" / "spark-submit", "--master", "yarn", "--num-executors", "1", "--executor-cores", "2",
         "--driver-memory", "512m", "--executor-memory", "512m", "--conf", f"spark.yarn.jars=local:{SPARK_HOME}/jars/*",
         "--conf", f"spark.pyspark.python={sys.executable}", "--conf", "spark.ui.enabled=false", *jvm.ON_YARN,
         tmp_path / "job.py", folder],
        env=client.env(SPARK_HOME=str(SPARK_HOME)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [path.rpartition("/")[2] for path in files.list(f"{folder}/from-*")] == [f"from-{n}" for n in range(4)]
