"""What is asked of YARN over its web addresses. tests/submit/test_on_yarn.py asks a real one."""

from __future__ import annotations

import pytest

from d4p.errors import Refused
from d4p.hadoop.submit import hadoop
from d4p.hadoop.submit.cluster_java import cluster_java, version_of
from d4p.hadoop.submit.hadoop import resource_managers
from d4p.hadoop.submit.stages import active_stages
from d4p.hadoop.submit.yarn import Application, Unreachable, Yarn

from .running import hadoop_conf, settings
from .servers import serving

APP = "application_1_0001"


@pytest.fixture
def server():
    with serving() as server:
        server.answers["/ws/v1/cluster/info"] = {"clusterInfo": {"haState": "ACTIVE"}}
        yield server


@pytest.fixture
def yarn(server, tmp_path):
    return Yarn(hadoop_conf(tmp_path / "conf", yarn_resourcemanager_webapp_address=server.address))


def test_addresses_are_found_as_hadoop_finds_them(tmp_path):
    def addresses(**properties):
        return resource_managers(hadoop_conf(tmp_path, **properties))

    assert addresses(yarn_resourcemanager_hostname="rm") == ["http://rm:8088"]
    assert addresses(yarn_resourcemanager_hostname="rm", yarn_http_policy="HTTPS_ONLY") == ["https://rm:8090"]
    assert addresses(yarn_resourcemanager_hostname="rm",
                     yarn_resourcemanager_webapp_address="${yarn.resourcemanager.hostname}:80") == ["http://rm:80"]
    assert addresses(**{"yarn_resourcemanager_ha_rm-ids": "a,b", "yarn_resourcemanager_hostname_a": "n1",
                        "yarn_resourcemanager_webapp_address_b": "n2:99"}) == ["http://n1:8088", "http://n2:99"]
    assert addresses() == []


def test_a_configuration_that_is_no_xml_is_named(tmp_path):
    (tmp_path / "yarn-site.xml").write_text("<configuration>")
    with pytest.raises(Refused, match="yarn-site.xml isn't a configuration of Hadoop: "):
        resource_managers(tmp_path)


def test_the_resource_manager_in_charge_is_taken(server, tmp_path):
    with serving() as standby:
        standby.answers["/ws/v1/cluster/info"] = {"clusterInfo": {"haState": "STANDBY"}}
        names = {"yarn_resourcemanager_ha_rm-ids": "a,b", "yarn_resourcemanager_webapp_address_a": standby.address,
                 "yarn_resourcemanager_webapp_address_b": server.address}  # fmt: skip
        assert Yarn(hadoop_conf(tmp_path, **names)).active() == f"http://{server.address}"


def test_the_one_that_took_over_is_asked(server, tmp_path):
    with serving() as other:
        other.answers["/ws/v1/cluster/info"] = {"clusterInfo": {"haState": "STANDBY"}}
        names = {"yarn_resourcemanager_ha_rm-ids": "a,b", "yarn_resourcemanager_webapp_address_a": server.address,
                 "yarn_resourcemanager_webapp_address_b": other.address}  # fmt: skip
        yarn = Yarn(hadoop_conf(tmp_path, **names))
        assert yarn.active() == f"http://{server.address}"
        server.answers["/ws/v1/cluster/info"] = {"clusterInfo": {"haState": "STANDBY"}}
        server.answers[f"/ws/v1/cluster/apps/{APP}"] = "This is standby RM."
        other.answers |= {"/ws/v1/cluster/info": {"clusterInfo": {"haState": "ACTIVE"}},
                          f"/ws/v1/cluster/apps/{APP}": {"app": {"state": "RUNNING"}},
                          f"/ws/v1/cluster/apps/{APP}/state": {}}  # fmt: skip
        assert yarn.application(APP).state == "RUNNING"
        yarn._active = f"http://{server.address}"
        yarn.kill(APP)
        assert other.asked[-1][0] == "PUT"


def test_where_nobody_answers_that_is_said(tmp_path):
    with serving() as gone:
        pass
    yarn = Yarn(hadoop_conf(tmp_path, yarn_resourcemanager_webapp_address=gone.address))
    with pytest.raises(Unreachable, match=f"http://{gone.address}: .*refused"):
        yarn.application(APP)
    assert yarn.nodes() == []
    with pytest.raises(Unreachable, match="names no address of a ResourceManager"):
        Yarn(hadoop_conf(tmp_path)).active()


def test_an_application_is_killed_as_its_user(server, yarn, monkeypatch):
    monkeypatch.setenv("HADOOP_USER_NAME", "me")
    server.answers[f"/ws/v1/cluster/apps/{APP}/state"] = {"state": "KILLED"}
    yarn.kill(APP)
    assert server.asked[-1] == ("PUT", f"/ws/v1/cluster/apps/{APP}/state?user.name=me", '{"state": "KILLED"}')


def log_of(server, log):
    attempts = [{"id": 2, "containerId": "c_2", "nodeHttpAddress": server.address},
                {"id": 1, "containerId": "c_1", "nodeHttpAddress": server.address}]  # fmt: skip
    server.answers[f"/ws/v1/cluster/apps/{APP}/appattempts"] = {"appAttempts": {"appAttempt": attempts}}
    server.answers["/ws/v1/node/containerlogs/c_2/stderr"] = log


def test_a_log_is_that_of_the_last_attempt_without_what_yarn_puts_around_it(server, yarn):
    log_of(server, "Container: c_2 on n_1\nLogAggregationType: LOCAL\n====\nLogType:stderr\nLogLength:5\nLogContents:\n"
                   "failed: no\n\nEnd of LogType:stderr\n*****\n")  # fmt: skip
    assert yarn.driver_log(APP, "stderr") == "failed: no\n\n"


def test_where_the_beginning_of_a_log_is_left_out_that_is_said(server, yarn, tmp_path, monkeypatch):
    around = "LogType:stderr\nLogLength:{}\nLogContents:\nf a line\nLogLength:2\nthe last\n"
    log_of(server, around.format(1 << 20))
    assert yarn.driver_log(APP, "stderr") == "f a line\nLogLength:2\nthe last\n"
    log_of(server, around.format((1 << 20) + 1))
    assert yarn.driver_log(APP, "stderr") == (
        "(of what the program printed before, more than 1 MiB from its end, nothing is shown: yarn logs -applicationId "
        f"{APP} has it)\nLogLength:2\nthe last\n")
    assert "size=-1048576" in server.asked[-1][1]
    log_of(server, "LogLength:2000000\nLogContents:\none line that has no end")
    assert yarn.driver_log(APP, "stderr").endswith(" has it)\none line that has no end")
    log_of(server, 404)  # Hadoop's own command gives all of it
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "yarn").write_text('#!/bin/sh\nprintf "LogLength:2000000\\nLogContents:\\nall\\n"\n')
    (tmp_path / "yarn").chmod(0o755)
    assert yarn.driver_log(APP, "stderr") == "all\n"


def test_an_application_that_never_ran_has_no_log(server, yarn):
    server.answers[f"/ws/v1/cluster/apps/{APP}/appattempts"] = {"appAttempts": {}}
    with pytest.raises(Unreachable, match="no container was started for it"):
        yarn.driver_log(APP, "stderr")


def test_a_log_that_has_gone_to_a_log_server_is_read_there(server, yarn):
    with serving() as history:
        history.answers["/there"] = "LogContents:\nfailed: there\n"
        log_of(server, f"http://{history.address}/there")
        assert yarn.driver_log(APP, "stderr") == "failed: there\n"


def test_a_log_that_only_hadoop_can_read_is_read_by_it(server, yarn, tmp_path, monkeypatch):
    log_of(server, 404)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match=f"{server.address} answered 404"):
        yarn.driver_log(APP, "stderr")
    program = tmp_path / "yarn"
    program.write_text('#!/bin/sh\necho "LogContents:"; echo "$@"\n')
    program.chmod(0o755)
    assert yarn.driver_log(APP, "stderr") == f"logs -applicationId {APP} -containerId c_2 -log_files stderr\n"


def test_with_kerberos_the_ticket_is_used(server, yarn, tmp_path, monkeypatch):
    server.answers[f"/ws/v1/cluster/apps/{APP}"] = 401
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="answered 401"):
        yarn.application(APP)
    program = tmp_path / "curl"
    program.write_text('#!/bin/sh\ncase "$*" in *--negotiate*) ;; *) exit 1 ;; esac\n'
                       'echo \'{"app": {"state": "RUNNING", "finalStatus": "UNDEFINED"}}\'\n')  # fmt: skip
    program.chmod(0o755)
    assert yarn.application(APP).state == "RUNNING"


def test_the_stages_at_work(server):
    app = Application(APP, "RUNNING", "", f"http://{server.address}/proxy/", "")
    assert list(active_stages(app)) == []
    server.answers[f"/proxy/api/v1/applications/{APP}/stages"] = [
        {"name": "stage 2: count > top", "numCompleteTasks": 3, "numTasks": 8}, {"name": "collect at x"}]  # fmt: skip
    assert list(active_stages(app)) == [
        {"event": "stage", "number": "2", "name": "count > top", "done": 3, "total": 8}]  # fmt: skip


@pytest.mark.parametrize(("home", "version"), [
    ("/usr/lib/jvm/java-1.8.0-openjdk", 8), ("/usr/lib/jvm/java-11-openjdk-amd64", 11), ("/opt/jdk-17.0.2", 17),
    ("/usr/lib/jvm/temurin-21-jdk", 21), ("/usr/java/jdk1.8.0_181-cloudera", 8), ("/usr/java/default", None),
])  # fmt: skip
def test_a_version_of_java_by_its_folder(home, version):
    assert version_of(home) == version


def test_a_version_of_java_by_its_release_file(tmp_path):
    (tmp_path / "release").write_text('JAVA_VERSION="1.8.0_412"\n')
    assert version_of(str(tmp_path)) == 8


def test_the_nodes_java_is_that_of_the_settings_then_of_the_nodemanagers_then_of_hadoops(server, yarn, tmp_path):
    conf = tmp_path / "conf"
    (conf / "hadoop-env.sh").write_text("# export JAVA_HOME=\nexport JAVA_HOME=/usr/lib/jvm/java-11-openjdk\n")

    def found(**spark):
        return [java.version for java in cluster_java(settings(spark=spark, hadoop=str(conf)))]

    assert found() == [11]
    server.answers["/ws/v1/cluster/nodes"] = {"nodes": {"node": [{"nodeHTTPAddress": server.address}]}}
    server.answers["/jmx"] = {"beans": [{"SpecVersion": "1.8"}]}
    assert found() == [8]
    both = {"spark.yarn.appMasterEnv.JAVA_HOME": "/opt/jdk-17", "spark.executorEnv.JAVA_HOME": "/opt/jdk-21"}
    assert found(**both) == [17, 21]
    assert hadoop.java_home(conf) == "/usr/lib/jvm/java-11-openjdk"
