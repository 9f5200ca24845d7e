"""Which file system a path belongs to, and a Hadoop client's configuration, without a server."""

from __future__ import annotations

import os
import pickle
import struct
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from d4p.commit.run import Outputs
from d4p.errors import Refused
from d4p.filesystems import Local, LocalPath, configuration, files, is_url, locate, missing, shown, use_default
from d4p.filesystems.deadline import Deadline
from d4p.filesystems.paths import as_paths, find
from d4p.filesystems.tokens import delegation_token, read
from d4p.library import ReadFiles, ReadLines, WriteText


@pytest.fixture(autouse=True)
def no_hadoop(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HADOOP_")]:
        monkeypatch.delenv(name)
    yield
    use_default(None)


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """Write a configuration: `conf(core={...}, hdfs={...})`."""
    folder = tmp_path / "conf"
    folder.mkdir()
    monkeypatch.setenv("HADOOP_CONF_DIR", str(folder))

    def write(**sites: dict[str, str]) -> Path:
        for site, settings in sites.items():
            lines = [f"<property><name>{name}</name><value>{value}</value></property>"
                     for name, value in settings.items()]
            (folder / f"{site}-site.xml").write_text(f"<configuration>{''.join(lines)}</configuration>")
        return folder

    return write


HA = {
    "dfs.nameservices": "big", "dfs.ha.namenodes.big": "nn1, nn2",
    "dfs.namenode.rpc-address.big.nn1": "m1:8020", "dfs.namenode.rpc-address.big.nn2": "m2:8020",
    "dfs.namenode.http-address.big.nn1": "m1:9870", "dfs.namenode.http-address.big.nn2": "m2:9870",
    "dfs.namenode.https-address.big.nn1": "m1:9871", "dfs.namenode.https-address.big.nn2": "m2:9871",
}


# Paths


def test_what_is_a_url():
    assert all(map(is_url, ["hdfs:///x", "s3://b/k", "zip::file.zip", "webhdfs://h:1/p"]))
    assert not any(map(is_url, ["/x", "x", "c:/x", "a:b", "x/hdfs://", ""]))


def test_a_url_with_one_slash_is_one(conf, tmp_path, monkeypatch):
    """As Hadoop and Java print those without a host."""
    monkeypatch.chdir(tmp_path)
    conf(core={"fs.defaultFS": "hdfs://one"})
    for url, root, name in [
        ("hdfs:/user/me/out", "hdfs://one:8020", "/user/me/out"), ("HDFS:/a", "hdfs://one:8020", "/a"),
        ("viewfs:/a", "viewfs://one", "/a"), ("webhdfs:/a b", "webhdfs://one:9870", "/a b"),
    ]:
        fs, found = locate(url)
        assert (fs.root, found) == (root, name) and is_url(url)
    fs, name = locate("file:/a/b")
    assert isinstance(fs, Local) and name == "/a/b"
    (tmp_path / "in.json").write_text("{}")
    assert files.open(f"file:{tmp_path}/in.json").read() == b"{}"
    for cut, whole in ("s3:/b/k", "s3://b/k"), ("s3a:/b", "s3a://b"), ("abfss:/c@h/x", "abfss://c@h/x"):
        assert is_url(cut)
        with pytest.raises(Refused, match=f"^{cut} must be a URL with two slashes: {whole}$"):
            locate(cut)
    for path in Path("hdfs://host/a"), Path("s3://b/k"), LocalPath("file:/a"):
        with pytest.raises(Refused, match="is a pathlib.Path, which .*: give the URL as a string"):
            locate(path)
    assert WriteText("hdfs:/user/me/out").path == "hdfs:/user/me/out" and len(os.listdir(tmp_path)) == 2


def test_a_path_of_this_machine():
    for path, name in ("/a/b", "/a/b"), ("a", "a"), ("file:///a/b", "/a/b"), ("file://localhost/a", "/a"):
        fs, found = locate(path)
        assert isinstance(fs, Local) and found == name
    assert locate("~/x")[1] == os.path.expanduser("~/x")
    with pytest.raises(Refused, match="^file://folder/x names the machine 'folder': a file of this machine is file:///"):
        locate("file://folder/x")


def test_a_bare_string_is_in_the_default_file_system_and_a_path_object_never():
    use_default("hdfs://h:1/")
    fs, name = locate("/a/b")
    assert (fs.root, name, fs.unstrip_protocol(name)) == ("hdfs://h:1", "/a/b", "hdfs://h:1/a/b")
    for path in Path("/a"), LocalPath("/a"), "file:///a":
        assert isinstance(locate(path)[0], Local)
    use_default("file:///")
    assert isinstance(locate("/a")[0], Local)


def test_relative_paths_are_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    use_default("hdfs://h:1")
    assert locate("a/b")[1] == "/user/alice/a/b"
    use_default("hdfs://h:1", home="/homes/al")
    assert locate("a/../b")[1] == "/homes/al/b"


def test_what_was_a_path_object_is_known_after_as_paths_and_pickling(tmp_path):
    (tmp_path / "a").write_text("line\n")
    use_default("hdfs://h:1")
    paths = pickle.loads(pickle.dumps(as_paths([tmp_path / "a", "/b", Path("c")])))
    assert paths == (str(tmp_path / "a"), "/b", "c")
    assert [isinstance(locate(path)[0], Local) for path in paths] == [True, False, True]
    reader = pickle.loads(pickle.dumps(ReadLines(tmp_path / "a")))
    (split,) = pickle.loads(pickle.dumps(reader.plan_splits()))
    assert list(reader.read(split)) == ["line"]
    (file,) = ReadFiles(tmp_path).files()
    assert isinstance(locate(file.source)[0], Local)
    assert isinstance(locate(WriteText(tmp_path / "out").path)[0], Local)


def test_one_that_is_here_and_not_there_says_so(tmp_path):
    pytest.importorskip("fsspec")
    (tmp_path / "a").touch()
    use_default("memory://")
    assert missing("/none") == " in memory://"
    with pytest.raises(Refused) as error:
        find((f"{tmp_path}/a",), "read0")
    assert str(error.value) == (f"read0 looked for {tmp_path}/a, and there is no such file or folder in memory://; "
                                f"it is on this machine: to take that, write file://{tmp_path}/a")
    with pytest.raises(FileNotFoundError, match=f"it is on this machine: to take that, write file://{tmp_path}/a"):
        files.open(f"{tmp_path}/a")


def test_what_is_written_elsewhere_is_shown_as_the_url_that_it_is(conf, monkeypatch):
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    conf(core={"fs.defaultFS": "hdfs://h:1"})
    for path in ("out", "/a/out", "file:///a/out", "s3://bucket/out", "hdfs://other/out", "simplecache::s3://b/out"):
        assert shown(path) == path
    assert shown("hdfs:///out") == "hdfs://h:1/out"
    workflow, results = SimpleNamespace(pes={"a": SimpleNamespace(id="a")}, policies={}), [("a", "output")]
    assert Outputs(workflow, "out", results).written == ["out"]
    use_default("hdfs://h:1")
    assert shown("out") == "hdfs://h:1/user/alice/out" and shown("/out") == "hdfs://h:1/out"
    assert shown("file:///a/out") == "file:///a/out" and shown(Path("out")) == "out"
    assert Outputs(workflow, "out", results).written == ["hdfs://h:1/user/alice/out"]


def test_what_hadoop_calls_a_path():
    for url, root, name in [
        ("hdfs://h:1/a//b/", "hdfs://h:1", "/a/b"), ("hdfs://h:1", "hdfs://h:1", "/"),
        ("hdfs://h/a b%20#?x", "hdfs://h:8020", "/a b%20#?x"), ("HDFS://h:1/../a", "hdfs://h:1", "/a"),
        ("webhdfs://h/a", "webhdfs://h:9870", "/a"), ("swebhdfs://h/a", "swebhdfs://h:9871", "/a"),
        ("viewfs://mounts/a", "viewfs://mounts", "/a"),
    ]:
        fs, found = locate(url)
        assert (fs.root, found) == (root, name)


# The configuration


def test_where_the_configuration_is(tmp_path, monkeypatch):
    assert configuration.folder() is None and configuration.read() == {}
    (tmp_path / "etc" / "hadoop").mkdir(parents=True)
    monkeypatch.setenv("HADOOP_HOME", str(tmp_path))
    assert configuration.folder() == tmp_path / "etc" / "hadoop"
    monkeypatch.setenv("HADOOP_CONF_DIR", "/given")
    assert configuration.folder() == Path("/given")


def test_the_default_hdfs(conf):
    conf(core={"fs.defaultFS": "hdfs://big"}, hdfs=HA)
    assert locate("hdfs:///a")[0].root == "hdfs://big"
    conf(core={"fs.defaultFS": "hdfs://one"})
    assert locate("hdfs:///a")[0].root == "hdfs://one:8020"
    conf(core={"fs.defaultFS": "file:///"})
    with pytest.raises(Refused, match=r"^hdfs:///a doesn't say which HDFS, and the configuration in /.*/conf has no "):
        locate("hdfs:///a")


def test_webhdfs_of_several_namenodes(conf):
    conf(core={"fs.defaultFS": "hdfs://big"}, hdfs=HA)
    for url in "webhdfs:///a", "webhdfs://big/a":
        fs, _ = locate(url)
        assert (fs.root, fs._addresses) == ("webhdfs://big", ("http://m1:9870", "http://m2:9870"))
    conf(hdfs=HA | {"dfs.http.policy": "HTTPS_ONLY"})
    assert locate("webhdfs:///b")[0]._addresses == ("https://m1:9871", "https://m2:9871")
    conf(hdfs={name: value for name, value in HA.items() if not name.endswith("http-address.big.nn2")})
    with pytest.raises(Refused, match=r"must say where the web server of each NameNode of big is, as "
                                      r"dfs\.namenode\.http-address\.big\.nn2$"):
        locate("webhdfs:///c")


def test_webhdfs_of_the_default_hdfs_is_at_its_web_port(conf):
    conf(core={"fs.defaultFS": "hdfs://one:8020"})
    assert locate("webhdfs:///a")[0].root == "webhdfs://one:9870"
    conf(hdfs={"dfs.namenode.http-address": "0.0.0.0:50070"})
    assert locate("webhdfs:///a")[0].root == "webhdfs://one:50070"
    conf(hdfs={"dfs.namenode.http-address": "web:1"})
    assert locate("webhdfs:///a")[0].root == "webhdfs://web:1"


def test_variables_includes_and_final_settings(conf, monkeypatch):
    folder = conf(hdfs={"b": "over"})
    (folder / "more.xml").write_text("<configuration><property><name>c</name><value>inc</value></property>"
                                     "</configuration>")
    (folder / "core-site.xml").write_text("""<?xml version="1.0"?>
        <configuration xmlns:xi="http://www.w3.org/2001/XInclude">
          <property><name>a</name><value>${b}/${env.HERE}/${env.NONE:-d}/${unknown}</value></property>
          <property><name>b</name><value> first </value><final>true</final></property>
          <xi:include href="more.xml"/>
        </configuration>""")
    monkeypatch.setenv("HERE", "1")
    assert configuration.read() == {"a": "first/1/d/${unknown}", "b": "first", "c": "inc"}
    monkeypatch.setenv("HERE", "2")
    assert configuration.read()["a"].startswith("first/2/")


def test_a_file_that_is_no_configuration(conf):
    (conf() / "core-site.xml").write_text("<configuration>")
    with pytest.raises(Refused, match=r"core-site\.xml isn't a configuration of Hadoop: no element found"):
        locate("hdfs:///a")


def test_who_we_are(monkeypatch):
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    assert (configuration.user(), configuration.home()) == ("alice", "/user/alice")
    monkeypatch.setenv("HADOOP_PROXY_USER", "bob")
    assert (configuration.user(), configuration.login()) == ("bob", "alice")


# Tokens


def _text(text: str) -> bytes:
    return struct.pack("b", len(text)) + text.encode()


def _credentials(*tokens: tuple[str, str]) -> bytes:
    long = b"x" * 200
    body = b"".join(_text("alias") + b"\x8f\xc8" + long + _text("pw") + _text(kind) + _text(service)
                    for kind, service in tokens)
    return b"HDTS\0" + struct.pack("b", len(tokens)) + body + b"\0"


def test_the_token_for_a_namenode(tmp_path, monkeypatch):
    content = _credentials(("YARN_AM_RM_TOKEN", ""), ("HDFS_DELEGATION_TOKEN", "ha-hdfs:big"),
                           ("HDFS_DELEGATION_TOKEN", "127.0.0.1:8020"))
    assert [token.service for token in read(content)] == ["", "ha-hdfs:big", "127.0.0.1:8020"]
    assert delegation_token("ha-hdfs:big") is None
    (tmp_path / "tokens").write_bytes(content)
    monkeypatch.setenv("HADOOP_TOKEN_FILE_LOCATION", str(tmp_path / "tokens"))
    assert delegation_token("ha-hdfs:big") == read(content)[1]
    assert delegation_token("localhost:8020") == read(content)[2]
    assert delegation_token("") is None
    (tmp_path / "tokens").write_bytes(_credentials(("HDFS_DELEGATION_TOKEN", "ha-hdfs:big")))
    assert delegation_token("").service == "ha-hdfs:big"
    assert delegation_token("other:8020") is None
    assert read(b"HDTS\1") == []


# Calls that take too long


def test_a_call_that_takes_too_long_is_given_up_and_the_next_one_is_made():
    deadline, stuck = Deadline(), threading.Event()
    assert deadline.call(5, lambda: 3) == 3
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        deadline.call(0.1, stuck.wait)
    assert time.monotonic() - began < 2
    assert deadline.call(5, max, 1, 2) == 2
    with pytest.raises(ZeroDivisionError):
        deadline.call(5, lambda: 1 // 0)
    stuck.set()


def test_calls_of_several_threads_run_at_once():
    deadline, meet = Deadline(), threading.Barrier(3)
    threads = [threading.Thread(target=deadline.call, args=(30, meet.wait, 20)) for _ in range(2)]
    [thread.start() for thread in threads]
    meet.wait(20)  # raises where one waits for the other
    [thread.join() for thread in threads]


# d4p.files


def test_files_of_this_machine(tmp_path):
    path = f"{tmp_path}/a.txt"
    with files.open(path, "w") as file:
        file.write("größe\n")
    with files.open(path, "a", encoding="utf-8") as file:
        file.write("more\n")
    with files.open(path, "r") as file:
        assert [*file] == ["größe\n", "more\n"]
    with files.open(tmp_path / "a.txt") as file:
        assert file.seek(2) == 2 and file.read(3) == "ö".encode() + b"\xc3"
    with pytest.raises(FileExistsError):
        files.open(path, "x")
    assert files.exists(path) and not files.exists(f"{path}2")
    assert files.list(tmp_path) == [path] == files.list(f"{tmp_path}/*.txt")
    assert files.list(f"{tmp_path}/*.none") == []
    with pytest.raises(NotADirectoryError, match=f"Not a directory: '{path}'"):
        files.list(path)
    with pytest.raises(FileNotFoundError, match="No such file or directory: '/none/x'"):
        files.list("/none/x")
    for mode in "rw", "r+", "", "rbt", "q", "rr":
        with pytest.raises(ValueError, match="must be r, w, a or x"):
            files.open(path, mode)
    with pytest.raises(ValueError, match="which have no encoding: leave b out"):
        files.open(path, "rb", encoding="utf-8")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.bin"
    files.write(path, b"1")
    files.write(str(path), b"22")
    assert path.read_bytes() == b"22" and [p.name for p in path.parent.iterdir()] == ["a.bin"]
    path.unlink()
    path.mkdir()  # nothing can be put in its place
    with pytest.raises(OSError, match="a.bin"):
        files.write(path, b"3")
    assert path.is_dir() and [p.name for p in path.parent.iterdir()] == ["a.bin"]


def test_a_listing_of_this_machine_can_be_opened_where_the_default_is_another(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    use_default("hdfs://h:1")
    assert files.list(tmp_path) == [f"file://{tmp_path}/a"]
    assert files.open(files.list(tmp_path)[0]).read() == b"1"


def test_other_urls():
    pytest.importorskip("fsspec")
    with files.open("memory://folder/a", "xb") as file:
        file.write(b"1")
    fs, name = locate("memory://folder/a")
    with pytest.raises(FileExistsError):
        files.open("memory://folder/a", "xb")
    fs.create("/folder/b", b"2")
    for call in lambda: fs.create("/folder/b", b"3"), lambda: fs.rename(name, "/folder/b"):
        with pytest.raises(FileExistsError):
            call()
    fs.rename(name, "/folder/c")
    fs.replace("/folder/c", "/folder/b")
    assert files.list("memory://folder") == ["memory://folder/b"] or files.list("memory://folder") == [
        "memory:///folder/b"]
    assert files.open("memory://folder/b").read() == b"1"


def test_a_scheme_that_nobody_knows():
    with pytest.raises(Refused, match=r"^nope://x/y can't be reached: Protocol not known: nope"):
        locate("nope://x/y")


@pytest.mark.parametrize("pattern", ["**/*.txt", "in/**/*.txt", "in/a/**/*.txt", "{here}/**/*.txt", "top/**/*.txt"])
def test_a_link_to_a_folder_around_it_gives_no_file_again(pattern, tmp_path, monkeypatch):
    """One that the pattern names, and one to a folder that isn't above it, are followed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "a" / "b").mkdir(parents=True)
    (tmp_path / "in" / "a" / "b" / "one.txt").touch()
    for link, to in {"in/around": ".", "in/a/up": "../../in", "in/a/b/self": ".", "top": "."}.items():
        (tmp_path / link).symlink_to(to)
    (found,) = (file.name for file in find((pattern.format(here=tmp_path),), "read"))
    assert Path(found.removeprefix("top/")).absolute() == tmp_path / "in" / "a" / "b" / "one.txt"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "linked").symlink_to("../in/a/b")
    assert [file.name for file in find(("other/**/*.txt",), "read")] == ["other/linked/one.txt"]


@pytest.mark.parametrize("path", ["fifo", "/dev/zero"])
def test_what_can_not_be_read_in_parts_is_refused_where_it_is_named(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("a.txt").write_text("a")
    with pytest.raises(Refused, match=f"^read looked for {path}, which is a pipe or a device: it must be a file"):
        find((path,), "read")
    assert [file.name for file in find(("*",), "read")] == ["a.txt"]
    assert [(file.name, file.size) for file in find((os.devnull,), "read")] == [(os.devnull, 0)]
