"""`python -m tests.cluster up | down | status | namenode-stop | namenode-start`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.cluster.jars import Missing
from tests.cluster.servers import Hadoop, NoCluster, find, start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="A Hadoop of your own, on loopback.")
    parser.add_argument("command", choices=["up", "down", "status", "namenode-stop", "namenode-start"])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), f"d4p-hadoop-{os.getuid()}"),
                        help="where it keeps everything (default: %(default)s); give each its own to have several")
    parser.add_argument("--quiet", action="store_true", help="print the configuration folder and nothing else")
    given = parser.parse_args(arguments)
    try:
        return _do(given.command, given.folder.absolute(), given.quiet)
    except (Missing, NoCluster) as error:
        print(error, file=sys.stderr)
        return 1


def _do(command: str, folder: Path, quiet: bool) -> int:
    if command == "up":
        _show(_running(folder) or start(_free(folder), say=None if quiet else _say), quiet)
        return 0
    hadoop = find(folder)
    if command == "down":
        hadoop.stop()
    elif not hadoop.runs():
        raise NoCluster(f"the Hadoop of {folder} has ended (process {hadoop.pid})")
    elif command == "status":
        _show(hadoop, quiet)
    else:
        hadoop.stop_namenode() if command == "namenode-stop" else hadoop.start_namenode()
    return 0


def _running(folder: Path) -> Hadoop | None:
    try:
        hadoop = find(folder)
    except NoCluster:
        return None
    if hadoop.runs():
        return hadoop
    hadoop.stop()
    return None


def _free(folder: Path) -> Path:
    if folder.exists():
        raise NoCluster(f"{folder} exists and no Hadoop runs in it: remove it, or give another with --folder")
    return folder


def _say(line: str) -> None:
    """What is being done, beside what a shell is to take."""
    print(f"# {line}", file=sys.stderr, flush=True)


def _show(hadoop: Hadoop, quiet: bool) -> None:
    if quiet:
        print(hadoop.conf_dir)
        return
    print(f"export HADOOP_CONF_DIR={hadoop.conf_dir} YARN_CONF_DIR={hadoop.conf_dir} PATH={hadoop.bin}:$PATH")
    print(f"# HDFS {hadoop.fs_url}, {hadoop.webhdfs_url}; YARN {hadoop.rm}, {hadoop.rm_web}; process {hadoop.pid}")
    print(f"# the commands hdfs and yarn are in {hadoop.bin}; python -m tests.cluster down ends it")


if __name__ == "__main__":
    sys.exit(main())
