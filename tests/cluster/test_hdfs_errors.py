"""What goes wrong with HDFS, each as one sentence that says what to do, and none of it a hang."""

from __future__ import annotations

import re
import socket
import sys
import time

import pytest

from d4p.errors import Refused, RunFailed
from d4p.filesystems import files, hdfs, locate, webhdfs
from d4p.library import ReadLines

pytestmark = pytest.mark.cluster


def refused(path: str) -> str:
    """What a reader says of a path before the run."""
    reader = ReadLines(path)
    reader.id = "read0"
    with pytest.raises(Refused) as error:
        reader.check_input()
    return str(error.value)



@pytest.fixture(params=["hdfs", "webhdfs"])
def root(client, request):
    return client.fs_url if request.param == "hdfs" else client.webhdfs_url


@pytest.fixture
def secret(client):
    """A folder that only its owner may enter."""
    fs, name = locate(f"{client.fs_url}/tmp/secret-{time.time_ns()}")
    fs.makedirs(name)
    with fs.open(f"{name}/f", "wb") as file:
        file.write(b"text\n")
    fs._call(name, lambda client: client.set_permission(name, 0o700))
    yield name
    fs.rm(name, recursive=True)


def test_a_path_that_isnt_there(root):
    assert refused(f"{root}/no/such") == f"read0 looked for {root}/no/such, and there is no such file or folder"
    assert refused(f"{root}/no/*.txt") == f"read0 looked for files that match {root}/no/*.txt, and there are none"
    with pytest.raises(FileNotFoundError, match=f"No such file or directory: '{root}/no/such'"):
        files.open(f"{root}/no/such")


def test_no_permission(root, secret, monkeypatch):
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    assert re.fullmatch(f"read0 looked for {root}{secret}/f, which can't be reached: permission denied: user=alice, "
                        f'access=EXECUTE, inode="{secret}":.*:supergroup:drwx------', refused(f"{root}{secret}/f"))
    for call in lambda: files.open(f"{root}/new", "w"), lambda: files.list(f"{root}{secret}"):
        with pytest.raises(PermissionError, match=f"permission denied: user=alice, .*: '{root}"):
            call()


def test_permission_lost_during_the_run(root, secret, monkeypatch):
    reader = ReadLines(f"{root}{secret}/f")
    reader.id = "read0"
    (split,) = reader.plan_splits()
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    with pytest.raises(RunFailed, match=f"^read0 can't read {root}{secret}/f: permission denied: user=alice, "):
        list(reader.read(split))


def test_a_proxy_user(root, secret, monkeypatch):
    monkeypatch.setenv("HADOOP_PROXY_USER", "bob")
    if root.startswith("hdfs:"):
        with pytest.raises(Refused, match="^HADOOP_PROXY_USER works with hdfs:// on a cluster with Kerberos alone: "):
            files.list(f"{root}{secret}")
        return
    with pytest.raises(PermissionError, match="permission denied: user=bob, "):
        files.list(f"{root}{secret}")


def test_hdfs_is_down(root, client):
    client.stop_namenode()
    try:
        began = time.monotonic()
        message = refused(f"{root}/x")
        assert time.monotonic() - began < 20
        with pytest.raises(ConnectionRefusedError):
            files.exists(f"{root}/x")
    finally:
        client.start_namenode()
    assert re.fullmatch(f"read0 looked for {root}/x, which can't be reached: there is no HDFS at {root} "
                        r"\([Cc]onnection refused\): is its NameNode up, and are the host and the port right\?",
                        message)
    assert files.exists(f"{root}/tmp")  # the same connections, when it is back


def test_hdfs_that_comes_and_goes_during_a_run(root, client):
    path = f"{root}/tmp/during-{time.time_ns()}"
    with files.open(path, "w") as file:
        file.write("text")
    file = files.open(f"{path}2", "w")
    client.stop_namenode()
    try:
        with pytest.raises(ConnectionRefusedError, match=f"there is no HDFS at {root} "):
            file.write("more")
            file.close()
    finally:
        client.start_namenode()
    with files.open(path, "r") as file:
        assert file.read() == "text"


@pytest.mark.parametrize("scheme", ["hdfs", "webhdfs"])
def test_a_server_that_never_answers(client, monkeypatch, scheme):
    monkeypatch.setattr({"hdfs": hdfs, "webhdfs": webhdfs}[scheme], "CALL_SECONDS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        root = f"{scheme}://localhost:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert refused(f"{root}/x") == (
            f"read0 looked for {root}/x, which can't be reached: HDFS at {root} hasn't answered for 2 seconds: is its "
            "NameNode well, and is the port that of its RPC or web server?")
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("scheme", ["hdfs", "webhdfs"])
def test_a_wrong_host_or_port(client, scheme):
    for host, reason in ("no-such-host.invalid:9", ".*[Nn]ame.*"), ("localhost:1", "[Cc]onnection refused"):
        root = f"{scheme}://{host}"
        assert re.fullmatch(rf"read0 looked for {root}/x, which can't be reached: there is no HDFS at {root} "
                            rf"\({reason}\): is its NameNode up, and are the host and the port right\?",
                            refused(f"{root}/x"))


def test_the_port_of_the_other_protocol(client):
    rpc, web = client.fs_url.rpartition(":")[2], client.webhdfs_url.rpartition(":")[2]
    assert f"there is no HDFS at webhdfs://localhost:{rpc} (what answers there isn't WebHDFS" in refused(
        f"webhdfs://localhost:{rpc}/x")
    assert f"HDFS at hdfs://localhost:{web}" in refused(f"hdfs://localhost:{web}/x")


def test_safe_mode(root, client):
    path = f"{root}/tmp/f-{time.time_ns()}"
    client.safe_mode(True)
    try:
        began = time.monotonic()
        with pytest.raises(OSError) as error:
            files.open(path, "w")
        assert time.monotonic() - began < 20
        assert files.exists(f"{root}/tmp")
    finally:
        client.safe_mode(False)
    assert str(error.value) == (f"[Errno 30] HDFS at {root} is in safe mode, in which nothing can be written: wait "
                                f"until it has left it (hdfs dfsadmin -safemode get): '{path}'")


@pytest.mark.parametrize("scheme, package", [("hdfs", "hdfs-native"), ("webhdfs", "hdfs")])
def test_the_package_isnt_installed(client, monkeypatch, scheme, package):
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    root = f"{scheme}://localhost:2"
    assert refused(f"{root}/x") == f"{root} needs the package {package}: pip install {package}"


def test_no_client_configuration(client, monkeypatch, tmp_path):
    monkeypatch.delenv("HADOOP_CONF_DIR")
    for scheme in "hdfs", "webhdfs":
        assert refused(f"{scheme}:///x") == (
            f"{scheme}:///x doesn't say which HDFS, and no configuration (HADOOP_CONF_DIR isn't set) has no "
            f"fs.defaultFS that does: write {scheme}://host:port/..., or set HADOOP_CONF_DIR")
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path / "none"))
    assert refused("hdfs:///x") == ("HADOOP_CONF_DIR must be a folder with core-site.xml and hdfs-site.xml; there is "
                                    f"no folder {tmp_path}/none")
