"""Runs in MongoDB: what its driver sends, to a server that is made up, with the driver's own form of documents."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

import pytest

from d4p.errors import Refused
from d4p_compile.runs.export import documents, export
from d4p_compile.runs.folder import Run
from tests.unit.test_runs import channel, make

bson = pytest.importorskip("bson", reason="pymongo isn't installed")
QUERY, MESSAGE, REPLY = 2004, 2013, 1
HELLO = {"ok": 1.0, "isWritablePrimary": True, "ismaster": True, "helloOk": True, "maxBsonObjectSize": 16 << 20,
         "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0, "maxWireVersion": 21,
         "readOnly": False, "logicalSessionTimeoutMinutes": 30}  # fmt: skip


class Server:
    """Takes replacements, and keeps the documents by database and collection."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], dict[Any, Any]] = defaultdict(dict)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            while len(head := file.read(16)) == 16:
                length, number, _, kind = struct.unpack("<iiii", head)
                body = file.read(length - 16)
                answer = bson.encode(self._done(kind, body))
                if kind == QUERY:
                    body, kind = struct.pack("<iqii", 8, 0, 0, 1) + answer, REPLY
                else:
                    body, kind = struct.pack("<i", 0) + b"\0" + answer, MESSAGE
                connection.sendall(struct.pack("<iiii", 16 + len(body), 0, number, kind) + body)

    def _done(self, kind: int, body: bytes) -> dict[str, Any]:
        if kind == QUERY:
            return HELLO
        command: dict[str, Any] = {}
        at = 4
        while at < len(body):
            section, at = body[at], at + 1
            (size,) = struct.unpack_from("<i", body, at)
            if section == 0:
                command |= bson.decode(body[at : at + size])
            else:
                end = body.index(b"\0", at + 4)
                command[body[at + 4 : end].decode()] = bson.decode_all(body[end + 1 : at + size])
            at += size
        if "update" not in command:
            return HELLO if {"hello", "ismaster"} & command.keys() else {"ok": 1.0}
        for each in command["updates"]:
            assert each["upsert"]
            self.documents[command["$db"], command["update"]][each["q"]["_id"]] = each["u"]
        return {"ok": 1.0, "n": len(command["updates"]), "nModified": 0}

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    made = make(tmp_path / "runs", "a1", [(["a"], [({"working": 1.0}, 5)])], [channel("a", "b")],
                parameters={"a.b": 1 << 70, "$set": "\0"})  # fmt: skip
    summary = made.summary | {"edges": {"a.output -> b.input": {"items": 5}}}
    (made.folder / "summary.json").write_text(json.dumps(summary))
    (made.folder / "samples.jsonl").write_text("".join(f'{{"at": {at}, "instances": []}}\n' for at in range(1_200)))
    (made.folder / "errors").mkdir()
    (made.folder / "errors" / "000001.json").write_text('{"message": "failed"}')
    (made.folder / "log.txt").write_text("a line\n")
    return Run(made.folder)


def test_the_documents_of_a_run_are_put_in_the_place_of_those_that_are_there(run, server):
    for _ in range(2):
        assert list(export([run], f"mongodb://127.0.0.1:{server.port}/mine")) == ["a1"]
    counts = {name: len(found) for (database, name), found in server.documents.items() if database == "mine"}
    assert counts == {"runs": 1, "plans": 1, "summaries": 1, "samples": 1_200, "errors": 1, "logs": 1}
    for name, document in documents(run):
        assert server.documents["mine", name][document["_id"]] == document
    found = server.documents["mine", "summaries"]["a1"]
    assert found["edges"] == {"a.output -> b.input": {"items": 5}} and found["run"] == "a1"
    assert server.documents["mine", "runs"]["a1"]["parameters"] == {"a.b": float(1 << 70), "$set": "\0"}


def test_a_url_without_a_database_is_d4ps(run, server):
    list(export([run], f"mongodb://127.0.0.1:{server.port}"))
    assert ("d4p", "runs") in server.documents


def test_where_there_is_no_server_it_says_so_without_the_password():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"mongodb://me:swordfish@127.0.0.1:{port}/mine?serverSelectionTimeoutMS=200"
    with pytest.raises(Refused, match="refused") as refused:
        list(export([cast(Run, _Run())], url))
    assert "swordfish" not in str(refused.value) and len(str(refused.value)) < 400


def test_what_is_no_url_of_mongodbs_is_refused():
    with pytest.raises(Refused, match="--to mongodb://HOST/DATABASE"):
        list(export([], "http://host"))


class _Run:
    id, about, plan, summary, samples, inputs, errors, log = "a1", {"id": "a1"}, {}, {}, [], [], [], ""


def test_its_documents_fit_into_those_of_mongodb(run):
    for _, document in documents(run):
        assert bson.decode(bson.encode(document)) == document
    assert Path(run.folder).name == run.id
