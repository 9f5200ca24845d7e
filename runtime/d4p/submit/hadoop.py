"""The client configuration of Hadoop, as far as submitting needs it: core-site.xml and yarn-site.xml of one folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from d4p.errors import Refused

_DEPTH = 20  # of ${...} in ${...}


def read_site(folder: Path, *names: str) -> dict[str, str]:
    """The properties of *-site.xml files; a later file comes before an earlier one.

    Raises Refused for a file that isn't XML.
    """
    found: dict[str, str] = {}
    for name in names:
        file = folder / name
        if not file.is_file():
            continue
        try:
            root = ElementTree.parse(file).getroot()
        except ElementTree.ParseError as error:
            raise Refused(f"{file} must be a configuration file of Hadoop, and it isn't XML: {error}") from None
        for prop in root.iter("property"):
            key, value = (prop.findtext("name") or "").strip(), (prop.findtext("value") or "").strip()
            if key:
                found[key] = value
    return {key: _expanded(value, found) for key, value in found.items()}


def resource_managers(site: Mapping[str, str]) -> list[str]:
    """The web addresses that ResourceManagers may have, such as `http://rm1:8088`."""
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


def _expanded(value: str, properties: Mapping[str, str]) -> str:
    """A value with ${name} replaced where another property has that name."""
    for _ in range(_DEPTH):
        replaced = re.sub(r"\$\{([\w.-]+)\}", lambda found: properties.get(found[1], found[0]), value)
        if replaced == value:
            break
        value = replaced
    return value
