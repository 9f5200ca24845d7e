"""A Hadoop client's configuration, found and read as Hadoop does: HADOOP_CONF_DIR, else $HADOOP_HOME/etc/hadoop.

A task of Spark on YARN has neither, and the driver's configuration in its working folder."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementInclude, ElementTree

from d4p.errors import Refused

_FILES = ("core-site.xml", "hdfs-site.xml")
_VARIABLE = re.compile(r"\$\{([^{}$\s]+)\}")
_NESTED = 20  # as deep as Hadoop follows variables


def folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the configuration; None where there is none."""
    if given := environ.get("HADOOP_CONF_DIR"):
        return Path(given)
    if home := environ.get("HADOOP_HOME"):
        found = Path(home, "etc", "hadoop")
        if found.is_dir():
            return found
    shipped = Path("__spark_conf__", "__hadoop_conf__")  # in a container of YARN: where Spark put the driver's
    return shipped.absolute() if shipped.is_dir() else None


def read() -> Mapping[str, str]:
    """The settings of core-site.xml and hdfs-site.xml, a later one before an earlier one. Raises Refused."""
    where = folder()
    if where is None:
        return {}
    if not where.is_dir():
        raise Refused(f"HADOOP_CONF_DIR must be a folder with {' and '.join(_FILES)}; there is no folder {where}")
    return read_files(where / name for name in _FILES)


def read_files(files: Iterable[Path]) -> Mapping[str, str]:
    """The settings of those files that are there, a later one before an earlier one. Raises Refused."""
    settings = _read(tuple((file, file.stat().st_mtime_ns) for file in files if file.is_file()))
    return {name: _expanded(value, settings) for name, value in settings.items()}


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> Mapping[str, str]:
    settings: dict[str, str] = {}
    final: set[str] = set()
    for file, _ in files:
        try:
            root = ElementTree.parse(file).getroot()
            ElementInclude.include(root, base_url=str(file))
        except (OSError, ElementTree.ParseError, ElementInclude.FatalIncludeError) as error:
            raise Refused(f"{file} isn't a configuration of Hadoop: {error}") from None
        for node in root.iter("property"):
            name = (node.findtext("name") or "").strip()
            if name and name not in final:
                settings[name] = (node.findtext("value") or "").strip()
                if (node.findtext("final") or "").strip() == "true":
                    final.add(name)
    return settings


def _expanded(value: str, settings: Mapping[str, str]) -> str:
    """`${name}` is another setting, `${env.NAME}` the environment's, `${env.NAME:-default}` with a default."""
    for _ in range(_NESTED):
        found = _VARIABLE.search(value)
        if found is None:
            return value
        name = found.group(1)
        if name.startswith("env."):
            variable, _, default = name.removeprefix("env.").partition(":-" if ":-" in name else "-")
            new = os.environ.get(variable, default)
        else:
            new = user() if name == "user.name" else settings.get(name)
        if new is None:
            return value
        value = value[: found.start()] + new + value[found.end():]
    return value


def default_host() -> str:
    """The `host:port` or name of the HDFS that fs.defaultFS names; "" where it names none."""
    scheme, _, rest = read().get("fs.defaultFS", "").partition("://")
    return rest.split("/")[0] if scheme in ("hdfs", "viewfs", "webhdfs", "swebhdfs") else ""


def nameservice(name: str) -> list[str]:
    """The NameNodes' ids of a nameservice with several; none where it isn't one."""
    return [node.strip() for node in read().get(f"dfs.ha.namenodes.{name}", "").split(",") if node.strip()]


def kerberos() -> bool:
    """Whether the cluster asks for Kerberos."""
    return read().get("hadoop.security.authentication", "simple").lower() == "kerberos"


def login() -> str:
    """Who a cluster without Kerberos takes this process for."""
    return os.environ.get("HADOOP_USER_NAME") or getpass.getuser()


def user() -> str:
    """Who this process acts for, which is another where HADOOP_PROXY_USER says so."""
    return os.environ.get("HADOOP_PROXY_USER") or login()


def home() -> str:
    """The folder that relative paths are in."""
    return f"{read().get('dfs.user.home.dir.prefix', '/user').rstrip('/')}/{user()}"


def here() -> str:
    """Where the configuration comes from, for a message."""
    where = folder()
    return f"the configuration in {where}" if where else "no configuration (HADOOP_CONF_DIR isn't set)"
