"""What is refused before anything starts, and what the refusal tells one to do."""

from __future__ import annotations

import pytest

from d4p.errors import Refused
from d4p.hadoop.submit.checks import check
from d4p.hadoop.submit.options import Request
from d4p.hadoop.submit.submit import submit

from .running import hadoop_conf, settings, spark
from .servers import serving


@pytest.fixture
def hadoop(tmp_path):
    return str(hadoop_conf(tmp_path / "hadoop"))


def refused(tmp_path, program=(), version="4.0.1", **more):
    with pytest.raises(Refused) as error:
        check(Request(program=tuple(program)), settings(**more), spark(version=version), tmp_path, {"USER": "me"})
    return str(error.value)


def test_what_is_right_passes(tmp_path, hadoop):
    check(Request(program=("--output", "hdfs:///out")), settings(hadoop=hadoop), spark(), tmp_path)
    check(Request(program=("--output", "out")), settings(hadoop=hadoop, mode="client"), spark(), tmp_path)
    check(Request(), settings(master="local[2]", mode="client"), spark(), tmp_path)


def test_yarn_without_hadoops_settings(tmp_path):
    assert "HADOOP_CONF_DIR isn't set: set it to the folder of the cluster's core-site.xml" in refused(tmp_path)
    assert "/nowhere, where there is no folder" in refused(tmp_path, hadoop="/nowhere")
    (tmp_path / "core-site.xml").write_text("")
    assert "has no yarn-site.xml (it has core-site.xml)" in refused(tmp_path, hadoop=str(tmp_path))


def test_a_mode_that_the_master_has_not(tmp_path):
    assert "leave --deploy-mode out, or give a cluster's master" in refused(tmp_path, master="local[2]")
    assert "doesn't run Python programs in deploy mode cluster" in refused(tmp_path, master="spark://h:7077")
    assert "must be client or cluster; it is 'remote'" in refused(tmp_path, mode="remote")
    assert "it is 'yarn-cluster'" in refused(tmp_path, master="yarn-cluster", mode="client")


def test_a_path_of_this_folder_is_none_of_a_node(tmp_path, hadoop):
    said = refused(tmp_path, ["--output=counts"], hadoop=hadoop)
    assert "give a URL, such as --output hdfs:///user/me/counts" in said
    assert "-f in.json: there is no such file" in refused(tmp_path, ["-f", "in.json"], hadoop=hadoop)


def test_a_path_without_a_host_is_one_of_hadoops_file_system_where_that_is_the_default(tmp_path, hadoop):
    (tmp_path / "hadoop" / "core-site.xml").write_text(
        "<configuration><property><name>fs.defaultFS</name><value>hdfs://nn</value></property></configuration>")
    check(Request(program=("--output=counts",)), settings(hadoop=hadoop), spark(), tmp_path)


def test_a_live_graph_stays_here(tmp_path, hadoop):
    (tmp_path / "graph.pickle").write_bytes(b"")
    assert "a live graph runs in deploy mode client only" in refused(tmp_path, hadoop=hadoop)


def test_kerberos(tmp_path, hadoop):
    principal, keytab = {"spark.kerberos.principal": "me@A"}, {"spark.kerberos.keytab": "/no/keytab"}
    assert "there is --principal and no --keytab" in refused(tmp_path, spark=principal, hadoop=hadoop)
    assert "there is --keytab and no --principal" in refused(tmp_path, spark=keytab, hadoop=hadoop)
    said = refused(tmp_path, spark=principal | keytab, hadoop=hadoop)
    assert said == "the keytab /no/keytab does not exist"


def test_the_nodes_own_python_must_be_named(tmp_path, hadoop):
    assert "nobody says which: give --python PATH" in refused(tmp_path, env="path", hadoop=hadoop)


def test_a_java_too_old_for_spark_is_said_before_submitting(tmp_path):
    with serving() as server:
        server.answers = {
            "/ws/v1/cluster/info": {"clusterInfo": {}}, "/jmx": {"beans": [{"SpecVersion": "1.8"}]},
            "/ws/v1/cluster/nodes": {"nodes": {"node": [{"nodeHTTPAddress": server.address}]}},
        }  # fmt: skip
        conf = str(hadoop_conf(tmp_path / "conf", yarn_resourcemanager_webapp_address=server.address))
        said = refused(tmp_path, hadoop=conf)
        assert "needs Java 17 or newer on the nodes" in said or "needs Java 17 to 22 on the nodes" in said
        assert f"theirs is 8 (that of the NodeManager at {server.address}): name another with --conf" in said
        check(Request(), settings(hadoop=conf), spark(version="3.5.9"), tmp_path)  # runs on Java 8
        named = {f"spark.{where}.JAVA_HOME": "/opt/jdk-17" for where in ("executorEnv", "yarn.appMasterEnv")}
        check(Request(), settings(hadoop=conf, spark=named), spark(), tmp_path)
        named["spark.executorEnv.JAVA_HOME"] = "/opt/java-11-openjdk"
        assert "theirs is 11 (spark.executorEnv.JAVA_HOME=/opt/java-11" in refused(tmp_path, hadoop=conf, spark=named)


def test_no_spark(tmp_path):
    with pytest.raises(Refused, match="SPARK_HOME is /nowhere, where there is no Spark"):
        submit(tmp_path, "x", Request(), environ={"SPARK_HOME": "/nowhere"})
