"""The servers of Hadoop, as a process that can be started, asked and ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import jvm
from tests.cluster.jars import HERE, jars, java

START_SECONDS = 180
#: Until it is up on a machine with nothing else to do.
USUAL_SECONDS = "10 to 30"
STOP_SECONDS = 30


class NoCluster(Exception):
    """The servers can't be started, or there are none."""


@dataclass(frozen=True)
class Hadoop:
    """A Hadoop that runs.

    Attributes:
        folder: all that it has on disk; its log is `log` in it.
        pid: of its one JVM.
        fs_url: "hdfs://localhost:PORT", the configuration's fs.defaultFS.
        webhdfs_url: "webhdfs://localhost:PORT".
        rm: "localhost:PORT" of the ResourceManager.
        rm_web: "http://localhost:PORT" of its pages and its REST interface.
        control: see MiniCluster.java.
    """

    folder: Path
    pid: int
    fs_url: str
    webhdfs_url: str
    rm: str
    rm_web: str
    control: str

    @property
    def conf_dir(self) -> Path:
        """The client configuration: what HADOOP_CONF_DIR names."""
        return self.folder / "conf"

    @property
    def bin(self) -> Path:
        """A folder for PATH with the commands `hdfs` and `yarn` (see commands.sh)."""
        return self.folder / "bin"

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a process that is a client of this Hadoop."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("HADOOP_", "YARN_"))}
        return mine | {"HADOOP_CONF_DIR": str(self.conf_dir), "YARN_CONF_DIR": str(self.conf_dir)} | more

    def stop_namenode(self) -> None:
        """HDFS is down: its port refuses connections."""
        self._do("namenode/stop")

    def start_namenode(self) -> None:
        """HDFS is there again, at the same address and with the same files."""
        self._do("namenode/start")

    def safe_mode(self, on: bool) -> None:
        """HDFS can be read and not written."""
        self._do("safemode/enter" if on else "safemode/leave")

    def runs(self) -> bool:
        """Whether its process is there, and is the one that was started for this folder."""
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(self.folder).encode() in command

    def stop(self) -> None:
        """Ends the servers, politely and then not, and removes the folder."""
        if self.runs():
            try:
                self._do("exit")
            except OSError:
                os.kill(self.pid, signal.SIGTERM)
            until = time.monotonic() + STOP_SECONDS
            while self.runs() and time.monotonic() < until:
                _reap(self.pid)
                time.sleep(0.1)
            if self.runs():
                os.kill(self.pid, signal.SIGKILL)
                _reap(self.pid)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _do(self, what: str) -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{self.control}/{what}", method="POST"), timeout=60).close()
        except urllib.error.HTTPError as error:
            raise NoCluster(f"{what}: {error.read().decode()}") from None


Say = Callable[[str], None]


def start(folder: Path, parent: int = 0, say: Say | None = None) -> Hadoop:
    """Start HDFS and YARN and wait until they answer.

    Args:
        folder: where they keep everything; made, and removed when they end.
        parent: the process that they go with, however it goes; 0 for servers that stay.
        say: told what is being done.

    Raises:
        Missing: this machine lacks something.
        NoCluster: they don't come up.
    """
    launch("MiniCluster", folder, parent, "ready.properties", say)
    return find(folder)


def launch(program: str, folder: Path, parent: int, ready: str, say: Say | None = None) -> subprocess.Popen:
    """Start a program of the folder `hadoop` and wait until it has written a file. Raises as `start` does."""
    say = say or (lambda line: None)
    runs, classes = java(), jars(say)
    folder = folder.resolve()
    folder.mkdir(parents=True)
    command = [
        str(runs), *jvm.BRIEF.split(), "--add-opens", "java.base/java.lang=ALL-UNNAMED",
        "-Djava.net.preferIPv4Stack=true",
        f"-Dtest.build.data={folder / 'data'}", "-Xmx1g", "-cp", f"{HERE}:{classes}/*", str(HERE / f"{program}.java"),
        str(folder), str(parent),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HADOOP_", "YARN_", "SPARK_"))}
    env["JAVA_HOME"] = str(runs.parents[1])  # what containers of YARN run
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _commands(folder, runs, classes)
        say(f"starting {program} on {runs}, process {process.pid}, log {folder / 'log'}: it should be up in "
            f"{USUAL_SECONDS} seconds, and is given up after {START_SECONDS}")
        began = time.monotonic()
        _wait(process, folder, ready)
        say(f"up after {time.monotonic() - began:.0f} s")
    except BaseException:
        process.kill()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return process


def _commands(folder: Path, program: Path, classes: Path) -> None:
    text = (HERE / "commands.sh").read_text()
    given = {"java": program, "options": jvm.BRIEF, "conf": folder / "conf", "classes": f"{HERE}:{classes}/*"}
    for name, value in given.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "bin").mkdir()
    for name in ("hdfs", "yarn"):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)


def _wait(process: subprocess.Popen, folder: Path, ready: str) -> None:
    until = time.monotonic() + START_SECONDS
    while not (folder / ready).exists():
        if process.poll() is not None or time.monotonic() > until:
            text = (folder / "log").read_text(errors="replace")
            raise NoCluster(f"the servers of Hadoop didn't come up; the end of their log:\n{text[-3000:]}")
        time.sleep(0.1)


def find(folder: Path) -> Hadoop:
    """The servers that were started with a folder. Raises NoCluster."""
    folder = folder.resolve()
    try:
        lines = (folder / "ready.properties").read_text().splitlines()
    except OSError:
        raise NoCluster(f"no Hadoop has been started in {folder}: python -m tests.cluster up") from None
    found = dict(line.split("=", 1) for line in lines)
    return Hadoop(folder, int(found["pid"]), found["fs"], found["webhdfs"], found["rm"], found["rm_web"],
                  found["control"])


def _reap(pid: int) -> None:
    """A child of ours stays in the process table until it is waited for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
