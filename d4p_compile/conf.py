"""Where the settings files are: the user's own, then those that come with d4p_compile. Nothing else reads conf/."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from d4p.errors import Refused

LOG = "log4j2.properties"
#: Scripts for batch systems, that a bundle gets filled in.
BATCH = ("job.slurm", "job.pbs")
#: What such a template says of itself.
_TEMPLATES_OWN = re.compile(r"\{#.*?#\}\n?", re.DOTALL)
_INSTALLED = Path(__file__).parent / "conf_files"  # setup.py puts conf/ there
_CHECKOUT = Path(__file__).parents[1] / "conf"


def conf_file(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The path of a settings file: in $D4P_CONF_DIR, ~/.config/d4p_compile, or where d4p_compile has its own.

    Raises Refused for a name that is in none of them, with the names that are.
    """
    folders = list(_folders(environ))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    names = sorted({path.name for folder in folders if folder.is_dir() for path in folder.iterdir()
                    if path.is_file() and path.suffix != ".md"})
    looked = ", ".join(map(str, folders))
    raise Refused(f"there is no settings file {name!r} in {looked}; there are: {', '.join(names) or 'none'}")


def profiles(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """`{name: path}` of the profiles for submitting, the user's own before those that come with d4p_compile."""
    found: dict[str, Path] = {}
    for folder in _folders(environ):
        for path in sorted((folder / "profiles").glob("*.conf")):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def settings_files(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`{name in a bundle: text}` of the settings that a Spark program is submitted with: of the profiles those that
    come with d4p_compile, since a bundle is handed on and the user's own may hold secrets."""
    shipped = sorted((_shipped() / "profiles").glob("*.conf"))
    found = {f"profiles/{path.name}": path.read_text(encoding="utf-8") for path in shipped}
    return {LOG: conf_file(LOG, environ).read_text(encoding="utf-8"), **found}


def batch_scripts(filled: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`{name in a bundle: text}` of the scripts that submit an MPI program; what stands in doubled braces is `filled`
    in, a template's own comments ({# ... #}) are left out.

    Raises Refused for a name in braces that has no meaning, with those that have.
    """

    def fill(name: str, found: re.Match) -> str:
        if found[1] not in filled:
            raise Refused(f"{conf_file(name, environ)} has {found[0]}, which means nothing: there are "
                          f"{', '.join(f'{{{{ {known} }}}}' for known in filled)}")
        return filled[found[1]]

    texts = {name: _TEMPLATES_OWN.sub("", conf_file(name, environ).read_text("utf-8")) for name in BATCH}
    return {name: re.sub(r"\{\{ *(\w+) *\}\}", partial(fill, name), text) for name, text in texts.items()}


def known_profile(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The name, if it is a profile's. Raises Refused, with the names that are and where they were looked for."""
    known = profiles(environ)
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    looked = ", ".join(str(folder / "profiles") for folder in _folders(environ))
    raise Refused(f"there is no profile {name!r}: the profiles are {', '.join(known)} (files NAME.conf in {looked})"
                  f"{hint}")


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders in which settings are looked for, the user's first."""
    if own := environ.get("D4P_CONF_DIR"):
        if not Path(own).is_dir():
            raise Refused(f"D4P_CONF_DIR is {own}, which is not a folder")
        yield Path(own)
    config = Path(environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))
    yield config / "d4p_compile"
    yield _shipped()


def _shipped() -> Path:
    """The folder that comes with d4p_compile."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
