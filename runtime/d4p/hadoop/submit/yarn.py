"""YARN's ResourceManager and NodeManagers over their web addresses: the state of an application, its end, its logs.

Hadoop's own `yarn` command isn't needed, which Spark doesn't bring; where it is there, logs that only it can read are
read with it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d4p.filesystems import configuration
from d4p.hadoop.submit.hadoop import resource_managers

_SECONDS = 10
#: Of a log, what is read of its end.
_TAIL = 1 << 20
_BEGIN = re.compile(r"^LogContents:\n", re.MULTILINE)
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a cluster's nodes are behind no proxy


class Unreachable(Exception):
    """YARN didn't answer, or not with what was asked for."""


class NotThere(Unreachable):
    """A server of YARN answered that it has no such thing."""


@dataclass(frozen=True)
class Application:
    """What YARN says of an application: `state` (RUNNING, ...), `final` (SUCCEEDED, ...), its address, why it ended,
    its queue, and how many containers it has, its program's own among them (-1 where YARN doesn't say)."""

    id: str
    state: str
    final: str
    address: str
    diagnostics: str
    queue: str = ""
    containers: int = -1


class Yarn:
    """The ResourceManager that a folder of Hadoop's settings names."""

    def __init__(self, folder: Path) -> None:
        self.addresses = resource_managers(folder)
        self._active: str | None = None

    def application(self, name: str) -> Application:
        """The state of an application. Raises Unreachable."""
        app = self._get(f"/ws/v1/cluster/apps/{name}")["app"]
        return Application(name, app.get("state", ""), app.get("finalStatus", ""), app.get("trackingUrl", ""),
                           app.get("diagnostics", ""), app.get("queue", ""), app.get("runningContainers", -1))

    def kill(self, name: str) -> None:
        """End an application. Raises Unreachable where that can't be asked for."""
        self._active = None  # another one may have taken over
        user = urllib.parse.quote(configuration.user())
        url = f"{self.active()}/ws/v1/cluster/apps/{name}/state?user.name={user}"
        ask(url, method="PUT", body=b'{"state": "KILLED"}')

    def runs_since(self, user: str) -> float | None:
        """When the oldest of a user's applications that haven't ended was submitted, in seconds; None where there is
        none. Raises Unreachable."""
        states = "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"
        found = self._get(f"/ws/v1/cluster/apps?states={states}&user={urllib.parse.quote(user)}").get("apps") or {}
        return min((app["startedTime"] / 1000 for app in found.get("app", [])), default=None)

    def room(self) -> str:
        """What of the cluster is free, in words; empty where YARN doesn't say."""
        try:
            found = self._get("/ws/v1/cluster/metrics")["clusterMetrics"]
            return (f"{found['availableMB']:,} of the cluster's {found['totalMB']:,} MB and "
                    f"{found['availableVirtualCores']} of its {found['totalVirtualCores']} cores are free")
        except (Unreachable, KeyError, TypeError, ValueError):
            return ""

    def nodes(self) -> list[str]:
        """The web addresses of the NodeManagers that run, `host:port`; none where YARN doesn't say."""
        try:
            nodes = self._get("/ws/v1/cluster/nodes?states=RUNNING").get("nodes") or {}
        except Unreachable:
            return []
        return sorted(node["nodeHTTPAddress"] for node in nodes.get("node", []) if node.get("nodeHTTPAddress"))

    @staticmethod
    def java_of(node: str) -> int | None:
        """The version of the Java that a NodeManager runs on; None where it doesn't say."""
        try:
            beans = json.loads(ask(f"http://{node}/jmx?qry=java.lang:type=Runtime"))["beans"]
            found = re.match(r"(?:1\.)?(\d+)", str(beans[0]["SpecVersion"]))
        except (Unreachable, ValueError, KeyError, IndexError):
            return None
        return int(found[1]) if found else None

    def driver_log(self, name: str, file: str) -> str:
        """The end of `stdout` or `stderr` of the container that an application's program ran in; its first line
        says what is left out. Raises Unreachable."""
        found = self._get(f"/ws/v1/cluster/apps/{name}/appattempts").get("appAttempts") or {}
        attempt = max(found.get("appAttempt", []), key=lambda each: int(each["id"]), default={})
        container, node = attempt.get("containerId"), attempt.get("nodeHttpAddress")
        if not container or not node:
            raise Unreachable("no container was started for it")
        scheme = urllib.parse.urlsplit(self.active()).scheme
        try:
            text = ask(f"{scheme}://{node}/ws/v1/node/containerlogs/{container}/{file}?size=-{_TAIL}")
        except Unreachable:
            whole = _yarn_command(name, container, file)
            if whole is None:
                raise
            return _contents(whole)
        if _length(text) <= _TAIL:
            return _contents(text)
        _, newline, rest = (tail := _contents(text)).partition("\n")  # the first line is cut, too
        return (f"(of what the program printed before, more than {_TAIL >> 20} MiB from its end, nothing is shown: "
                f"yarn logs -applicationId {name} has it)\n{rest if newline else tail}")

    def active(self) -> str:
        """The address of the ResourceManager in charge. Raises Unreachable, naming those that were tried."""
        if self._active is None:
            said = []
            for address in self.addresses:
                try:
                    info = json.loads(ask(f"{address}/ws/v1/cluster/info"))["clusterInfo"]
                except (Unreachable, ValueError, KeyError) as error:
                    said.append(f"{address}: {error}")
                    continue
                if info.get("haState", "ACTIVE") == "ACTIVE":
                    self._active = address
                    break
                said.append(f"{address} is {info['haState']}")
            else:
                raise Unreachable("; ".join(said) or "yarn-site.xml names no address of a ResourceManager")
        return self._active

    def _get(self, path: str) -> Mapping[str, Any]:
        before = self._active
        try:
            return self._get_from(self.active(), path)
        except Unreachable:
            self._active = None  # another one may have taken over
            if before is None or self.active() == before:
                raise
        return self._get_from(self.active(), path)

    @staticmethod
    def _get_from(address: str, path: str) -> Mapping[str, Any]:
        try:
            return json.loads(ask(address + path))
        except ValueError as error:
            raise Unreachable(f"{address} didn't answer with JSON") from error


def ask(url: str, method: str = "GET", body: bytes | None = None) -> str:
    headers = {"Accept": "application/json, text/plain;q=0.9, */*;q=0.1", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with _direct.open(request, timeout=_SECONDS) as answer:
            return answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        if error.code == 401 and (answer := _with_kerberos(url, method, body)) is not None:
            return answer
        kind = NotThere if error.code == 404 else Unreachable
        raise kind(f"{urllib.parse.urlsplit(url).netloc} answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"{urllib.parse.urlsplit(url).netloc}: {getattr(error, 'reason', error)}") from error


def _with_kerberos(url: str, method: str, body: bytes | None) -> str | None:
    """The same with the user's ticket: curl knows how, Python alone doesn't."""
    curl = shutil.which("curl")
    if curl is None:
        return None
    data = ["--data-binary", "@-", "--header", "Content-Type: application/json"] if body is not None else []
    words = [curl, "--silent", "--fail", "--location", "--negotiate", "--user", ":", "--request", method, *data, url]
    return _run(words, body or b"")


def _yarn_command(name: str, container: str, file: str) -> str | None:
    """A log as Hadoop's own command reads it, where it is installed: also one that lies on HDFS by now."""
    yarn = shutil.which("yarn")
    words = [str(yarn), "logs", "-applicationId", name, "-containerId", container, "-log_files", file]
    return _run(words, b"") if yarn else None


def _run(words: list[str], given: bytes) -> str | None:
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _contents(text: str) -> str:
    """A log without what YARN puts around it."""
    begin = _BEGIN.search(text)
    if not begin:
        return text
    return re.split(r"^\*{3,}\n?End of LogType:|^End of LogType:", text[begin.end() :], flags=re.MULTILINE)[0]


def _length(text: str) -> int:
    """How long a log is, of which this may be the end, as YARN says above it; 0 where it doesn't."""
    begin = _BEGIN.search(text)
    found = re.search(r"^LogLength: *(\d+)$", text[: begin.start()], re.MULTILINE) if begin else None
    return int(found[1]) if found else 0
