"""Waiting for a program that runs on a node: what ends the wait, and what is said meanwhile."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from d4p.submit import cluster
from d4p.submit.command import Command
from d4p.submit.settings import Settings
from d4p.submit.submit import _silent

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
    monkeypatch.setattr(cluster, "_SLOW", 0.3)
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
