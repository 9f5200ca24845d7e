"""Waiting for a program that runs on a node: what ends the wait, and what is said meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from d4p.hadoop.submit import cluster, watching
from d4p.hadoop.submit.command import Command
from d4p.hadoop.submit.settings import Settings
from d4p.hadoop.submit.submit import _silent

from .running import hadoop_conf, settings
from .servers import serving

APP = "application_1_0001"
#: A spark-submit that has submitted and waits, and takes no notice of a SIGTERM.
STUBBORN = "trap '' TERM; echo Submitted application_1_0001 >&2; sleep 1; sleep 1; sleep 1; sleep 1; sleep 1"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(cluster, "_EVERY", 0.1)
    with serving() as server:
        server.answers["/ws/v1/cluster/info"] = {"clusterInfo": {"haState": "ACTIVE"}}
        server.answers[f"/ws/v1/cluster/apps/{APP}/state"] = {"state": "KILLED"}
        state(server, "ACCEPTED")
        yield server


def state(server, state, **more):
    server.answers[f"/ws/v1/cluster/apps/{APP}"] = {"app": {"state": state, "finalStatus": "UNDEFINED", **more}}


def run(server, tmp_path, script, say):
    conf = hadoop_conf(tmp_path / "conf", yarn_resourcemanager_webapp_address=server.address)
    return cluster.run(Command(("/bin/sh", "-c", script), {}, ()), dict(os.environ), conf, say)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_kills_the_application_and_the_next_ones_do_not_stop_that(number, server, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    said = []

    def say(line):
        said.append(line)
        if line.startswith("application: "):
            os.kill(os.getpid(), number)
        if line.startswith("interrupted"):  # the user is impatient, now and while spark-submit is waited for
            os.kill(os.getpid(), number)
            threading.Timer(0.5, os.kill, (os.getpid(), number)).start()

    before = signal.getsignal(number)
    signal.signal(number, signal.default_int_handler)
    try:
        end = run(server, tmp_path, STUBBORN, say)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert end.status == 130 and end.why == f"interrupted: {APP} was killed"
    assert said[-1] == f"interrupted: {APP} is being killed"
    assert [path.partition("?")[0] for method, path, _ in server.asked if method == "PUT"] == [
        f"/ws/v1/cluster/apps/{APP}/state"]  # fmt: skip


def test_a_signal_that_is_ignored_stays_so(server, tmp_path):
    def say(line):
        if line.startswith("application: "):
            os.kill(os.getpid(), signal.SIGHUP)
            state(server, "FINISHED", finalStatus="SUCCEEDED")

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        assert run(server, tmp_path, "echo application_1_0001 >&2; sleep 1", say).status == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_an_application_waits_for_is_said_once(server, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_SLOW", 0.3)
    state(server, "ACCEPTED", diagnostics="Queue's AM resource limit\n exceeded.")
    said = []

    def say(line):
        said.append(line)
        if line.startswith("not started"):
            state(server, "ACCEPTED", diagnostics="more")
            threading.Timer(0.6, state, (server, "FINISHED"), {"finalStatus": "SUCCEEDED"}).start()

    assert run(server, tmp_path, "echo application_1_0001 >&2; sleep 2", say).status == 0
    assert [line for line in said if line.startswith("not")] == [
        "not started for 0 seconds: Queue's AM resource limit exceeded."]  # fmt: skip


def test_a_program_that_runs_without_executors_says_what_it_waits_for(server, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_IDLE", 0.3)
    state(server, "RUNNING", runningContainers=1, queue="small")
    server.answers["/ws/v1/cluster/metrics"] = {"clusterMetrics": {
        "availableMB": 512, "totalMB": 8192, "availableVirtualCores": 3, "totalVirtualCores": 8}}
    said = []

    def say(line):
        said.append(line)
        if line.startswith("waiting for"):
            state(server, "RUNNING", runningContainers=3)
        if line.startswith("executors"):
            state(server, "RUNNING", runningContainers=1)  # they are idle and go, with dynamic allocation
            threading.Timer(0.6, state, (server, "FINISHED"), {"finalStatus": "SUCCEEDED"}).start()

    assert run(server, tmp_path, "echo application_1_0001 >&2; sleep 2", say).status == 0
    assert said == [f"application: {APP}", "state: running", "waiting for executors: after 0 seconds YARN has given "
                    "none to the queue small; 512 of the cluster's 8,192 MB and 3 of its 8 cores are free. Wait, ask "
                    "for less (--executor-memory, --executor-cores), or name another --queue", "executors: 2 so far",
                    "state: finished"]  # fmt: skip


@pytest.mark.parametrize("status", [0, 137])
@pytest.mark.parametrize(("final", "wanted"), [("SUCCEEDED", 0), ("FAILED", 1)])
def test_an_application_that_outlives_spark_submit_is_watched_to_its_end(server, tmp_path, monkeypatch, status, final,
                                                                         wanted):
    monkeypatch.setattr(cluster, "_BEFORE", 0.2)
    state(server, "RUNNING")
    said = []

    def say(line):
        said.append(line)
        if line.startswith("spark-submit"):
            state(server, "FINISHED", finalStatus=final)

    end = run(server, tmp_path, f"echo application_1_0001 >&2; exit {status}", say)
    assert end.status == wanted, end
    assert said == [f"application: {APP}", "state: running", f"spark-submit has ended (exit status {status}) and {APP} "
                    "goes on: it is watched from here", "state: finished"]  # fmt: skip


def test_what_a_program_said_is_read_before_its_node_forgets_it(server, tmp_path):
    """Where logs aren't gathered that is a second or two after its end, and spark-submit may take longer."""
    server.answers[f"/ws/v1/cluster/apps/{APP}/appattempts"] = {"appAttempts": {"appAttempt": [
        {"id": 1, "containerId": "c_1", "nodeHttpAddress": server.address}]}}  # fmt: skip
    said = {"stdout": "2 PEs\nrefused: no networkx here\n", "stderr": "User application exited with 2\n"}
    logs = {f"/ws/v1/node/containerlogs/c_1/{name}": text for name, text in said.items()}
    server.answers |= logs
    state(server, "FAILED", finalStatus="FAILED", diagnostics="exitCode: 13")

    def forget():
        while not any(path.startswith("/ws/v1/node/containerlogs/c_1/stderr") for _, path, _ in list(server.asked)):
            time.sleep(0.01)
        for path in logs:
            del server.answers[path]
        (tmp_path / "forgotten").touch()

    thread = threading.Thread(target=forget, daemon=True)
    thread.start()
    waits = f"while [ ! -e {tmp_path}/forgotten ]; do sleep 0.05; done"
    end = run(server, tmp_path, f"echo {APP} >&2; {waits}; exit 1", lambda line: None)
    thread.join(60)
    assert end.status == 2 and end.why.startswith("refused: no networkx here\n") and "can't be read" not in end.note


def test_an_interrupt_kills_an_application_that_outlives_spark_submit(server, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_BEFORE", 0.2)
    state(server, "RUNNING")
    say = lambda line: line.startswith("spark-submit") and os.kill(os.getpid(), signal.SIGINT)  # noqa: E731
    end = run(server, tmp_path, "echo application_1_0001 >&2", say)
    assert end.status == 130 and end.why == f"interrupted: {APP} was killed"


def test_yarn_may_be_away_for_a_while(server, tmp_path):
    """Another ResourceManager takes over, say."""
    server.answers[f"/ws/v1/cluster/apps/{APP}"] = 503
    said = []

    def say(line):
        said.append(line)
        if line.startswith("YARN can't be asked"):
            state(server, "FINISHED", finalStatus="SUCCEEDED")

    assert run(server, tmp_path, "echo application_1_0001 >&2; exit 1", say).status == 0
    assert said[1] == (f"YARN can't be asked ({server.address} answered 503 Service Unavailable): tried again for 300 "
                       "seconds")  # fmt: skip


def test_an_end_that_nobody_knows_is_not_called_a_failure(server, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_AWAY", 0.3)
    server.answers[f"/ws/v1/cluster/apps/{APP}"] = 503
    end = run(server, tmp_path, "echo application_1_0001 >&2; exit 137", lambda line: None)
    assert end.status == 1
    assert end.why.startswith(f"what became of {APP} isn't known: spark-submit ended (exit status 137)")
    assert f"It may be running still: look with yarn application -status {APP}" in end.why
    known = run(server, tmp_path, f"echo Application {APP} finished with failed status >&2; exit 1", lambda line: None)
    assert known.status == 1 and known.why.startswith("failed: ")
    assert run(server, tmp_path, f"echo {APP} >&2", lambda line: None).status == 0
    server.answers[f"/ws/v1/cluster/apps/{APP}"] = 404  # YARN didn't take it
    refused = run(server, tmp_path, f"echo Submitting {APP} >&2; echo no such queue >&2; exit 1", lambda line: None)
    assert refused.status == 1 and refused.why.startswith("failed: ")


def test_a_resource_manager_that_is_down_is_said_before_spark_tries(tmp_path):
    def notes(server) -> list[str]:
        conf = hadoop_conf(tmp_path, yarn_resourcemanager_webapp_address=server.address)
        wanted: Settings = settings(hadoop=str(conf))
        return list(_silent(wanted))

    with serving() as server:
        server.answers["/ws/v1/cluster/info"] = {"clusterInfo": {}}
        assert notes(server) == []
    (note,) = notes(server)
    assert note.startswith(f"YARN's ResourceManager can't be asked from here (http://{server.address}: ")
    assert "refused" in note
