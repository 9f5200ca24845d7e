"""What Hadoop's settings say of YARN: the addresses of its ResourceManagers, the Java of its servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from d4p.filesystems.configuration import read_files


def resource_managers(folder: Path) -> list[str]:
    """The web addresses that the ResourceManagers of a folder's settings may have, such as `http://rm1:8088`.

    Raises Refused for a file that isn't XML.
    """
    site: Mapping[str, str] = read_files(folder / name for name in ("core-site.xml", "yarn-site.xml"))
    https = site.get("yarn.http.policy", "HTTP_ONLY") == "HTTPS_ONLY"
    kind, port = ("webapp.https.address", 8090) if https else ("webapp.address", 8088)
    ids = [i.strip() for i in site.get("yarn.resourcemanager.ha.rm-ids", "").split(",") if i.strip()]
    found = []
    for suffix in [f".{i}" for i in ids] or [""]:
        address = site.get(f"yarn.resourcemanager.{kind}{suffix}")
        if not address or address.startswith("${"):
            host = site.get(f"yarn.resourcemanager.hostname{suffix}") or site.get("yarn.resourcemanager.hostname")
            address = f"{host}:{port}" if host else ""
        if address:
            found.append(f"{'https' if https else 'http'}://{address.replace('0.0.0.0', 'localhost')}")
    return found


def default_fs(folder: str | None) -> str | None:
    """The file system in which Hadoop looks for a path that is no URL; None where that is each machine's own."""
    found = read_files([Path(folder) / "core-site.xml"]).get("fs.defaultFS") if folder else None
    return None if found is None or found.startswith("file:") else found


def java_home(folder: Path) -> str | None:
    """The JAVA_HOME that hadoop-env.sh or yarn-env.sh sets for Hadoop's servers, if it is written out."""
    for name in ("yarn-env.sh", "hadoop-env.sh"):
        try:
            text = (folder / name).read_text(errors="replace")
        except OSError:
            continue
        lines = re.findall(r"^\s*(?:export\s+)?JAVA_HOME=[\"']?([^\"'\s$;]+)[\"']?\s*(?:#.*)?$", text, re.MULTILINE)
        if lines:
            return lines[-1]
    return None
