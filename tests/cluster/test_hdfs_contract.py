"""The names and promises of `d4p.filesystems`, the same on this machine, on HDFS over RPC and over HTTP."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.cluster


def test_a_file_is_written_asked_for_and_read(anywhere):
    fs, data = anywhere.fs, os.urandom(3 << 20)
    path = anywhere.put("a b%20#ü.bin", data)
    assert fs.exists(path) and not fs.isdir(path)
    info = fs.info(path)
    assert abs(info.pop("mtime") - time.time()) < 60 and info == {"name": path, "type": "file", "size": len(data)}
    assert fs.isdir(anywhere.name) and fs.info(anywhere.name)["type"] == "directory"
    with fs.open(path, "rb") as file:
        assert file.read() == data
    with fs.open(path, "rb") as file:
        assert file.seek(1_500_000) == 1_500_000
        assert file.read(10) == data[1_500_000:1_500_010]
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read() == data[-5:]
        assert file.read() == b""
        file.seek(0)
        assert file.read(7) == data[:7]


def test_a_file_is_appended_to_and_replaced(anywhere):
    path = f"{anywhere.name}/f"
    for mode, expected in ("ab", b"one"), ("ab", b"oneone"), ("wb", b"one"):
        with anywhere.fs.open(path, mode) as file:
            file.write(b"one")
        assert anywhere.get("f") == expected
    anywhere.fs.open(path, "wb").close()
    assert anywhere.get("f") == b""


def test_listings_and_globs(anywhere):
    fs, name = anywhere.fs, anywhere.name
    paths = [anywhere.put(path) for path in ("a.txt", "b.txt", ".hidden.txt", "sub/c.txt", "sub/deep/d.txt",
                                             ".dir/e.txt")]
    assert sorted(fs.ls(name, detail=False)) == sorted([*(f"{name}/{n}" for n in ("a.txt", "b.txt", ".hidden.txt")),
                                                        f"{name}/sub", f"{name}/.dir"])
    assert {i["name"]: i["type"] for i in fs.ls(name)}[f"{name}/sub"] == "directory"
    assert sorted(fs.glob(f"{name}/*.txt")) == paths[:2]
    assert sorted(fs.glob(f"{name}/[b-z].*")) == [paths[1]]
    assert sorted(fs.glob(f"{name}/.h*")) == [paths[2]]
    assert sorted(fs.glob(f"{name}/**/*.txt")) == [*paths[:2], *paths[3:5]]
    assert sorted(fs.glob(f"{name}/s?b/c.txt")) == [paths[3]]
    assert fs.glob(f"{name}/*/nothing") == {} == fs.glob(f"{name}/nowhere/*")
    (info,) = fs.ls(f"{name}/sub/deep")
    assert info == {"name": paths[4], "type": "file", "size": 0, "mtime": info["mtime"]}


def test_what_isnt_there_is_a_file_not_found_error(anywhere):
    fs, path = anywhere.fs, f"{anywhere.name}/none"
    assert not fs.exists(path) and not fs.isdir(path)
    for call in (lambda: fs.info(path), lambda: fs.ls(path), lambda: fs.open(path, "rb"), lambda: fs.rm(path),
                 lambda: fs.rename(path, f"{path}2"), lambda: fs.replace(path, f"{path}2")):
        with pytest.raises(FileNotFoundError) as error:
            call()
        assert error.value.strerror == "No such file or directory"


def test_a_rename_never_replaces(anywhere):
    fs, name = anywhere.fs, anywhere.name
    file, other = anywhere.put("file", b"1"), anywhere.put("other", b"2")
    folder, full, empty = (f"{name}/{n}" for n in ("folder", "full", "empty"))
    for path in (folder, full, empty):
        fs.makedirs(path)
    anywhere.put("folder/x"), anywhere.put("full/y")
    for source, dest in (file, other), (file, full), (file, empty), (folder, other), (folder, full), (folder, empty):
        with pytest.raises(FileExistsError):
            fs.rename(source, dest)
    assert (anywhere.get("file"), anywhere.get("other")) == (b"1", b"2")
    assert fs.ls(empty, detail=False) == []
    fs.rename(file, f"{name}/new")
    fs.rename(folder, f"{name}/new folder")
    assert anywhere.get("new") == b"1" and anywhere.get("new folder/x") == b""
    assert not fs.exists(file) and not fs.exists(folder)


def test_replace_puts_a_file_over_a_file(anywhere):
    file, other = anywhere.put("file", b"1"), anywhere.put("other", b"2")
    anywhere.fs.replace(file, other)
    assert anywhere.get("other") == b"1" and not anywhere.fs.exists(file)


def test_a_new_file_and_a_new_folder_are_made_by_one_alone(anywhere):
    fs, name = anywhere.fs, anywhere.name
    fs.create(f"{name}/lock", b"mine")
    with pytest.raises(FileExistsError):
        fs.create(f"{name}/lock", b"yours")
    with pytest.raises(FileExistsError):
        fs.open(f"{name}/lock", "xb")
    with fs.open(f"{name}/other", "xb") as file:
        file.write(b"x" * 3_000_000)
    assert anywhere.get("lock") == b"mine" and len(anywhere.get("other")) == 3_000_000
    fs.makedirs(f"{name}/a/b")
    with pytest.raises(FileExistsError):
        fs.makedirs(f"{name}/a/b")
    fs.makedirs(f"{name}/a/b", exist_ok=True)
    with pytest.raises(FileExistsError):
        fs.makedirs(f"{name}/lock", exist_ok=True)
    assert sorted(path.rpartition("/")[2] for path in fs.ls(name, detail=False)) == ["a", "lock", "other"]


@pytest.mark.parametrize("what", ["create", "makedirs", "rename"])
def test_of_many_at_once_one_succeeds(anywhere, what):
    fs, name, done = anywhere.fs, anywhere.name, []
    sources = [anywhere.put(f"source-{n}") for n in range(8)]
    go = threading.Barrier(8)

    def one(n: int) -> None:
        go.wait(60)
        try:
            {"create": lambda: fs.create(f"{name}/it", b"%d" % n), "makedirs": lambda: fs.makedirs(f"{name}/it"),
             "rename": lambda: fs.rename(sources[n], f"{name}/it")}[what]()
        except FileExistsError:
            return
        done.append(n)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(done) == 1
    assert not [path for path in fs.ls(name, detail=False) if "/.it" in path]
    if what == "create":
        assert anywhere.get("it") == b"%d" % done[0]


def test_a_folder_is_removed_with_what_is_in_it_only_when_told(anywhere):
    anywhere.put("sub/x")
    with pytest.raises(OSError):
        anywhere.fs.rm(f"{anywhere.name}/sub")
    anywhere.fs.rm(f"{anywhere.name}/sub", recursive=True)
    assert not anywhere.fs.exists(f"{anywhere.name}/sub")


def test_a_folder_isnt_read_as_a_file(anywhere):
    with pytest.raises(IsADirectoryError):
        anywhere.fs.open(anywhere.name, "rb")


def test_a_file_is_fetched(anywhere, tmp_path):
    anywhere.fs.get_file(anywhere.put("f", b"data"), str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == b"data"


def test_an_empty_file_and_one_that_a_with_block_leaves_by_an_error(anywhere):
    anywhere.fs.open(f"{anywhere.name}/empty", "wb").close()
    assert anywhere.get("empty") == b""
    with pytest.raises(ZeroDivisionError):
        with anywhere.fs.open(f"{anywhere.name}/part", "wb") as file:
            file.write(b"half")
            raise ZeroDivisionError
    assert anywhere.get("part") == b"half"


def _read(fs, path, queue):
    with fs.open(path, "rb") as file:
        queue.put(file.read())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_makes_its_own_connections(anywhere, method):
    """Forked after the parent has used the file system, which is the hard case, and spawned, which pickles it."""
    path = anywhere.put("f", b"data" * 100_000)
    assert anywhere.get("f") == b"data" * 100_000
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=_read, args=(anywhere.fs, path, queue))
    began = time.monotonic()
    process.start()
    assert queue.get() == b"data" * 100_000
    process.join(20)
    assert time.monotonic() - began < 40  # it hangs for a minute, or for good
    assert process.exitcode == 0
    assert anywhere.get("f") == b"data" * 100_000  # the parent's still works


def test_a_forked_process_that_ends_as_programs_do_ends(place):
    """It must not wait for threads that the fork left behind, nor touch the file that its parent is writing."""
    program = ("import os, sys; from d4p.filesystems import locate\n"
               "fs, name = locate(sys.argv[1]); file = fs.open(name + '/f', 'wb'); file.write(b'1')\n"
               "pid = os.fork()\n"
               "if not pid: assert locate(sys.argv[1])[0].isdir(name); sys.exit(7)\n"
               "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); file.write(b'2'); file.close()")
    done = subprocess.run([sys.executable, "-c", program, place.url], capture_output=True, text=True, timeout=60)
    assert done.stdout == "7\n", done.stderr
    assert place.get("f") == b"12"


def test_a_file_system_is_pickled_without_its_connections(anywhere):
    path = anywhere.put("f", b"1")
    assert len(pickle.dumps(anywhere.fs)) < 500
    assert pickle.loads(pickle.dumps(anywhere.fs)).exists(path)
