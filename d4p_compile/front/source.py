"""What `WORKFLOW` on the command line names: a file, a module, or either with `:attribute`."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import keyword
import os
import re
import sys
from pathlib import Path

from d4p.errors import Refused
from d4p.frozen import dataclass

from .python2 import check_python3

#: Modules of ours and of the engines, which a workflow's own name must not hide; `job` is the compiled program, and
#: runs as `__main__`.
TAKEN = frozenset({"d4p", "d4p_compile", "dispel4py", "job", "__main__", "pyspark", "mpi4py"})
#: Libraries that we import only once something needs them: a workflow's file of that name is not to be found for them.
_LATER = frozenset({"numpy", "scipy", "pandas", "pyarrow", "fsspec", "hdfs_native", "obspy"})


@dataclass(frozen=True)
class Source:
    """A module to import: `folder` goes on sys.path, `file` is its source where that is known."""

    module: str
    folder: Path | None
    file: Path | None
    attribute: str | None


def parse_workflow(text: str, attribute: str | None = None) -> Source:
    """Read `path/to/file.py[:attribute]` or `package.module[:attribute]`. Raises Refused if there is no such thing."""
    path, colon, after = text.rpartition(":")
    if colon and path and re.fullmatch(r"[A-Za-z_][\w.]*", after) and not Path(text).exists():
        if attribute and attribute != after:
            raise Refused(f"{text} names the attribute {after}, and -a names {attribute}: give one")
        text, attribute = path, after
    if not text:
        raise Refused("the workflow must be a Python file or the dotted name of a module; its name is empty")
    file = Path(os.path.expanduser(text))
    if file.suffix == ".py" or "/" in text or text.startswith((".", "~")) or file.is_file():
        return _file_source(text, file, attribute)
    return Source(text, None, _find(text), attribute)


def _file_source(text: str, file: Path, attribute: str | None) -> Source:
    if file.is_dir():
        raise Refused(f"{text} is a folder: give a Python file in it, or a module by its dotted name")
    if not file.is_file():
        raise Refused(f"there is no file {text}{_near(file)}: give the path of a workflow file, or the name of a "
                      "module")
    if file.suffix != ".py":
        raise Refused(f"{text} must be a Python file, whose name ends in .py"
                      + (": export the notebook as a script" if file.suffix == ".ipynb" else ""))
    file = file.resolve()
    check_python3(file)
    if (file.parent / "__init__.py").exists() and _imports_relatively(file):
        top = next(folder for folder in file.parents if not (folder / "__init__.py").exists())
        return Source(".".join(file.relative_to(top).with_suffix("").parts), top, file, attribute)
    return Source(module_name(file), file.parent, file, attribute)


def _near(file: Path) -> str:
    """What was meant, perhaps: a file of nearly that name."""
    if not file.parent.is_dir():
        return f", nor the folder {file.parent}"
    names = [path.name for path in file.parent.glob("*.py")]
    close = difflib.get_close_matches(file.name if file.suffix else f"{file.name}.py", names, n=1)
    return f" (did you mean {file.parent / close[0]}?)" if close else ""


def _imports_relatively(file: Path) -> bool:
    """Whether a file can only be imported as part of its package."""
    tree = ast.parse(file.read_bytes())
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def _find(module: str) -> Path | None:
    """The source of a module that can be imported from here."""
    cwd = str(Path.cwd())
    if cwd not in sys.path:
        sys.path.insert(0, cwd)
    from d4p import compat

    compat.install()
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError as error:
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise  # a package above the module imports what isn't there: the loader says so
        spec = None
    except ValueError:
        spec = None
    if spec is None:
        raise Refused(f"there is no file {module} and no module of that name{_near(Path(module))}: give the path of a "
                      "workflow file (such as ./wordcount.py) or the dotted name of a module that can be imported here")
    return Path(spec.origin).resolve() if spec.origin and spec.origin.endswith(".py") else None


def module_name(file: Path) -> str:
    """The name a file is imported by: its stem, made a valid name that hides no standard module."""
    name = re.sub(r"\W", "_", file.stem)
    if not name.isidentifier() or keyword.iskeyword(name) or name in sys.stdlib_module_names | TAKEN | _LATER:
        name = f"workflow_{name}"
    return name
