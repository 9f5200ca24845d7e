"""What tests against HDFS share."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from d4p.filesystems import locate, use_default


@dataclass(frozen=True)
class Place:
    """A folder of a test's own in some file system.

    Attributes:
        url: the folder.
        fs, name: what `locate` says of it.
    """

    url: str

    @property
    def fs(self) -> Any:
        return locate(self.url)[0]

    @property
    def name(self) -> str:
        return locate(self.url)[1]

    def put(self, name: str, data: bytes = b"") -> str:
        """A file with some content; its path in the file system."""
        path = f"{self.name}/{name}"
        self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self.fs.open(path, "wb") as file:
            file.write(data)
        return path

    def get(self, name: str) -> bytes:
        with self.fs.open(f"{self.name}/{name}", "rb") as file:
            return file.read()


@pytest.fixture
def client(hadoop, monkeypatch):
    """This process as a client of the cluster."""
    for name in [name for name in os.environ if name.startswith(("HADOOP_", "YARN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hadoop.conf_dir))
    yield hadoop
    use_default(None)


@pytest.fixture(params=["hdfs", "webhdfs"])
def place(client, request):
    """A folder in HDFS, over RPC and over HTTP."""
    found = Place(f"{client.fs_url if request.param == 'hdfs' else client.webhdfs_url}/tmp/{uuid.uuid4().hex}")
    found.fs.makedirs(found.name)
    yield found
    found.fs.rm(found.name, recursive=True)


@pytest.fixture(params=["local", "hdfs", "webhdfs"])
def anywhere(request, tmp_path):
    """A folder on this machine, in HDFS over RPC and over HTTP."""
    if request.param == "local":
        yield Place(str(tmp_path))
        return
    hadoop = request.getfixturevalue("client")
    found = Place(f"{hadoop.fs_url if request.param == 'hdfs' else hadoop.webhdfs_url}/tmp/{uuid.uuid4().hex}")
    found.fs.makedirs(found.name)
    yield found
    found.fs.rm(found.name, recursive=True)
