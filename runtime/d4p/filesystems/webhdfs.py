"""`webhdfs://` and `swebhdfs://`, HDFS over HTTP, by HdfsCLI."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO

from d4p.errors import Refused
from d4p.filesystems import configuration, errors
from d4p.filesystems.remote import PerProcess, Remote
from d4p.filesystems.tokens import delegation_token
from d4p.filesystems.webhdfs_files import DATA_SECONDS, Reader, Writer

HTTP, HTTPS = 9870, 9871
#: How long a connection may take, and the NameNode's answer.
CONNECT_SECONDS, CALL_SECONDS = 5, 20
_BUFFER = 1 << 20
_ENVIRONMENT = ("HADOOP_USER_NAME", "HADOOP_PROXY_USER", "HADOOP_TOKEN_FILE_LOCATION", "KRB5CCNAME")


class WebHdfs(Remote):
    """See `d4p.filesystems`.

    Args:
        root: its URL, without a path.
        addresses: `http://host:port` of the NameNode, or of each of several.
        service: what its RPC service is called in a delegation token.
    """

    def __init__(self, root: str, addresses: tuple[str, ...], service: str) -> None:
        self.root, self._addresses, self._service = root, addresses, service
        self._process = PerProcess(lambda: _clients(root, addresses, service))

    @classmethod
    def of(cls, scheme: str, host: str, url: str) -> WebHdfs:
        """The file system of a URL. Raises Refused."""
        settings = configuration.read()
        secure = scheme == "swebhdfs" or settings.get("dfs.http.policy") == "HTTPS_ONLY"
        protocol, port = ("https", HTTPS) if secure else ("http", HTTP)
        given, host = host, host or configuration.default_host()
        if not host:
            raise Refused(f"{url} doesn't say which HDFS, and {configuration.here()} has no fs.defaultFS that does: "
                          f"write {scheme}://host:port/..., or set HADOOP_CONF_DIR")
        nodes = configuration.nameservice(host)
        if nodes:
            name = f"dfs.namenode.{protocol}-address.{host}."
            found = [settings.get(name + node, "") for node in nodes]
            if not all(found):
                raise Refused(f"{url}: {configuration.here()} must say where the web server of each NameNode of {host} "
                              f"is, as {name}{nodes[found.index('')]}")
            service = f"ha-hdfs:{host}"
        else:
            name, _, number = host.partition(":")
            service = "" if given else host
            if given:
                found = [host if number else f"{host}:{port}"]
            else:  # the port of fs.defaultFS is that of RPC
                at = settings.get(f"dfs.namenode.{protocol}-address", "").rpartition(":")
                found = [f"{at[0] if at[0] not in ('', '0.0.0.0') else name}:{at[2] or port}"]
            host = found[0]
        addresses = tuple(f"{protocol}://{address}" for address in found)
        return _opened(f"{scheme}://{host}", addresses, service, _identity())

    def __reduce__(self) -> tuple[Any, ...]:
        return _here, (self.root, self._addresses, self._service)

    def info(self, path: str) -> dict[str, Any]:
        return _info(path, self._call(path, lambda client: client.status(path)))

    def ls(self, path: str, detail: bool = True) -> list[Any]:
        found = self._call(path, lambda client: client.list(path, status=True))
        folder = path.rstrip("/")
        infos = [_info(f"{folder}/{name}", status) for name, status in found]
        return infos if detail else [info["name"] for info in infos]

    def open(self, path: str, mode: str = "rb") -> BinaryIO:
        if mode == "rb":
            info = self.info(path)
            if info["type"] == "directory":
                raise IsADirectoryError(21, "it is a folder", path)
            return io.BufferedReader(Reader(self, path, info["size"]), _BUFFER)
        if mode not in ("wb", "ab", "xb"):
            raise ValueError(f"a file of HDFS is opened with rb, wb, ab or xb; not with {mode}")
        append = mode == "ab" and self.exists(path)
        if not append:  # made at once, empty: what is refused is refused here, and not when it is closed
            self._call(path, lambda client: client.write(path, b"", overwrite=mode == "wb"))
        return io.BufferedWriter(Writer(self, path, append), _BUFFER)

    def _mkdirs(self, path: str) -> None:
        self._call(path, lambda client: client.makedirs(path))

    # HdfsCLI's own `rename` is the old one, which moves into a folder that is there.

    def rename(self, source: str, dest: str) -> None:
        self._call(source, lambda client: client._rename(source, destination=dest, renameoptions="NONE"))

    def replace(self, source: str, dest: str) -> None:
        self._call(source, lambda client: client._rename(source, destination=dest, renameoptions="OVERWRITE"))

    def rm(self, path: str, recursive: bool = False) -> None:
        if not self._call(path, lambda client: client.delete(path, recursive)):
            raise FileNotFoundError(2, os.strerror(2), path)

    def _call(self, path: str, function: Callable[[Any], Any], data: bool = False) -> Any:
        client = self._process.get()[data]
        import requests
        from hdfs import HdfsError

        try:
            return function(client)
        except HdfsError as error:
            raise self._said(error, path) from None
        except requests.Timeout as error:
            if isinstance(error, requests.ConnectTimeout):
                raise errors.unreachable(f"no connection in {CONNECT_SECONDS} seconds", self.root, path) from None
            raise errors.silent(DATA_SECONDS if data else CALL_SECONDS, self.root, path) from None
        except requests.exceptions.SSLError as error:
            raise errors.unreachable(f"its certificate isn't trusted: {error}", self.root, path) from None
        except (requests.ConnectionError, requests.exceptions.InvalidURL) as error:
            raise errors.unreachable(_reason(error), self.root, path) from None
        except (requests.RequestException, KeyError, ValueError) as error:
            raise errors.unreachable(f"what answers there isn't WebHDFS: {type(error).__name__}", self.root,
                                     path) from None

    def _said(self, error: Any, path: str) -> OSError:
        message = error.message
        if error.exception:
            return errors.as_os_error(error.exception, message, self.root, path)
        if "Authentication failure" in str(message):
            return errors.ticket("the server wants to know who you are", self.root, path)
        if isinstance(message, bytes):  # not WebHDFS's JSON: another server's page
            return errors.unreachable("what answers there isn't WebHDFS", self.root, path)
        return errors.as_os_error(None, str(message), self.root, path)


@cache
def _opened(root: str, addresses: tuple[str, ...], service: str, identity: tuple[Any, ...]) -> WebHdfs:
    """One for each one a process says it is."""
    return WebHdfs(root, addresses, service)


def _here(root: str, addresses: tuple[str, ...], service: str) -> WebHdfs:
    return _opened(root, addresses, service, _identity())


def _identity() -> tuple[Any, ...]:
    return configuration.folder(), *map(os.environ.get, _ENVIRONMENT)


def _clients(root: str, addresses: tuple[str, ...], service: str) -> tuple[Any, ...]:
    """A client for calls, and a more patient one for what is in files."""
    try:
        from hdfs import InsecureClient, TokenClient
    except ImportError:
        raise Refused(f"{root} needs the package hdfs: pip install hdfs") from None
    url = ";".join(addresses)
    # YARN hands tokens out on any cluster, and one without Kerberos takes none over HTTP.
    if configuration.kerberos() and (token := delegation_token(service)):
        return tuple(TokenClient(url, token.text, timeout=timeout) for timeout in _timeouts())
    proxy = os.environ.get("HADOOP_PROXY_USER")
    if not configuration.kerberos():
        return tuple(InsecureClient(url, configuration.login(), proxy=proxy, timeout=timeout)
                     for timeout in _timeouts())
    try:
        from hdfs.ext.kerberos import KerberosClient
    except ImportError:
        raise Refused(f"{root} asks for Kerberos, which needs the package requests-kerberos: "
                      "pip install 'hdfs[kerberos]'") from None
    return tuple(KerberosClient(url, proxy=proxy, timeout=timeout) for timeout in _timeouts())


def _timeouts() -> tuple[tuple[int, int], ...]:
    return (CONNECT_SECONDS, CALL_SECONDS), (CONNECT_SECONDS, DATA_SECONDS)


def _reason(error: BaseException) -> str:
    """The cause at the bottom: requests and urllib3 wrap it three times."""
    text = str(error)
    for known in ("Connection refused", "Name or service not known", "Temporary failure in name resolution",
                  "No route to host", "Connection aborted"):
        if known in text:
            return known.lower()
    return text


def _info(path: str, status: dict[str, Any]) -> dict[str, Any]:
    kind = "directory" if status["type"] == "DIRECTORY" else "file"
    return {"name": path, "type": kind, "size": status["length"],
            "mtime": status["modificationTime"] / 1000}
