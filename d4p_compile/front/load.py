"""Import a workflow's module and find its graph."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pickletools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from d4p import compat
from d4p.errors import D4pError, Refused
from d4p.frozen import dataclass
from d4p.graph.workflow_graph import WorkflowGraph

from ..analysis.origin import STDLIB_FOLDERS
from ..ir.graph import Origin
from .beside import inputs_beside
from .blame import located, users_traceback, why_import_failed
from .later import files_named, imported_later
from .python2 import check_python3
from .source import Source, parse_workflow


@dataclass(frozen=True)
class Loaded:
    """A graph and what its import touched: `modules` (name -> file) and data `files` that lie under its folder."""

    graph: WorkflowGraph
    origin: Origin
    folder: Path
    modules: Mapping[str, Path] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


def load(workflow: str, attribute: str | None = None, parameters: Mapping[str, Any] | None = None) -> Loaded:
    """Load a workflow by file or module. Raises Refused, saying what was found and where."""
    before = set(sys.modules)
    source = _parsed(workflow, attribute)
    opened: set[Path] = set()
    with _watched(source.module, source.folder or _top_folder(source.module, source.file), opened):
        module = _import(source)
        name, graph = _graph(module, source, parameters)
    origin = Origin(source.module, name, tuple((parameters or {}).items()), file=str(source.file or ""),
                    call=not isinstance(getattr_path(module, name), WorkflowGraph))
    folder = source.folder or _top_folder(source.module, getattr(module, "__file__", None))
    modules = _own_modules(before, source.module)
    modules |= imported_later(modules, folder, _is_users)
    for file in modules.values():
        opened |= _READ_BY.get(file, set())
    opened |= files_named(modules)
    opened |= inputs_beside(graph, folder)
    data = tuple(sorted(p for p in opened if p.suffix not in (".py", ".pyc") and p.is_file() and folder in p.parents))
    return Loaded(graph, origin, folder, modules, data)


def _parsed(workflow: str, attribute: str | None) -> Source:
    try:
        source = parse_workflow(workflow, attribute)
    except D4pError:
        raise
    except Exception as error:  # finding pkg.module runs pkg/__init__.py
        raise Refused(why_import_failed(Source(workflow, None, None, attribute), error)) from error
    if source.file and not source.folder:
        check_python3(source.file)
    return source


def live(graph: WorkflowGraph) -> Loaded:
    """A graph without a module, made in a notebook or a shell."""
    if not isinstance(graph, WorkflowGraph):
        raise Refused("a workflow must be a WorkflowGraph or the name of a file or module; it is a "
                      f"{type(graph).__name__}")
    return Loaded(graph, Origin("", live=True), Path.cwd())


def modules_of(pickled: bytes) -> dict[str, Path]:
    """The user's modules that a pickled graph needs: name -> file. Those that it names, which are loaded, with the
    packages around them, and what they import."""
    texts = {text for _, text, _ in pickletools.genops(pickled) if isinstance(text, str)}
    around = {text.rsplit(".", dots)[0] for text in texts for dots in range(1, text.count(".") + 1)}
    found = {}
    for name in sorted((texts | around) & set(sys.modules) - {"__main__"}):
        file = getattr(sys.modules[name], "__file__", None)
        if file and file.endswith(".py") and _is_users(Path(file).resolve()):
            found[name] = Path(file).resolve()
    return found | imported_later(found, Path.cwd(), _is_users)


def getattr_path(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name)
    return module


_AUDIT: list[tuple[Path, set[Path]]] = []
#: What each module read while it was imported: a helper module isn't imported again when another workflow, or the
#: same one, is loaded later in this process.
_READ_BY: dict[Path, set[Path]] = {}
#: The modules that the import of each workflow loaded, for the same reason.
_LOADED_BY: dict[Path | None, dict[str, Path]] = {}
#: The folder that was put first on sys.path for a workflow: the next one isn't to find what lies there.
_FIRST: list[str] = []
_hooked = False


@contextmanager
def _watched(module: str, root: Path, opened: set[Path]) -> Iterator[None]:
    """While a workflow is imported and makes its graph: note the files under its folder that it opens for reading,
    which travel with the program; refuse a run that it starts; and stay in this folder whatever it does."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_note)
        _hooked = True
    here = os.getcwd()
    _AUDIT.append((root, opened))
    try:
        with compat.loading(module):
            yield
    finally:
        _AUDIT.pop()
        os.chdir(here)


def _note(event: str, arguments: tuple) -> None:
    if event == "open" and _AUDIT and isinstance(arguments[0], (str, os.PathLike)):
        mode = arguments[1]
        if isinstance(mode, str) and "r" in mode and "+" not in mode:
            root, opened = _AUDIT[-1]
            path = Path(os.path.abspath(arguments[0]))
            if root in path.parents and "site-packages" not in path.parts and "__pycache__" not in path.parts:
                opened.add(path)
                importing = _being_imported()
                if importing is not None:
                    _READ_BY.setdefault(importing, set()).add(path)


def _being_imported() -> Path | None:
    """The file of the module whose body is running, the innermost one of the user's."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_globals.get("__file__")
        if frame.f_code.co_name == "<module>" and file and _is_own(file):
            return Path(file).resolve()
        frame = frame.f_back
    return None


def _import(source: Source) -> ModuleType:
    compat.install()
    importlib.invalidate_caches()
    if source.folder:
        folder = str(source.folder)
        if _FIRST and _FIRST[0] in sys.path:
            sys.path.remove(_FIRST[0])
        _FIRST[:] = [folder]
        sys.path.insert(0, folder)
        if not {"", os.getcwd()} & set(sys.path):
            sys.path.append(os.getcwd())  # `d4p run package/workflow.py` from the folder that holds the package
        _forget(source)
    try:
        if source.file and source.folder and source.module != source.file.stem:
            spec = importlib.util.spec_from_file_location(source.module, source.file)
            assert spec is not None and spec.loader is not None, "it is the file of a Python module"
            module = importlib.util.module_from_spec(spec)
            sys.modules[source.module] = module
            spec.loader.exec_module(module)
            return module
        return importlib.import_module(source.module)
    except D4pError as error:
        sys.modules.pop(source.module, None)
        raise Refused(located(error)) from error
    except BaseException as error:
        sys.modules.pop(source.module, None)
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise
        raise Refused(why_import_failed(source, error)) from error


def _forget(source: Source) -> None:
    """Drop this workflow's module, and other workflows' whose names now stand for other files, so that each is read as
    it is now, and where this workflow would find it."""
    tops = {name.split(".")[0] for name in sys.modules} - {"__main__", "d4p", "d4p_compile", "conftest"}
    elsewhere = {name for name in tops if _is_elsewhere(name)}
    for name, module in list(sys.modules.items()):
        top = name.split(".")[0]
        if top in elsewhere or name == source.module or top in tops and _shadowed(name, module, source):
            sys.modules.pop(name, None)


def _is_elsewhere(name: str) -> bool:
    """Whether a user's module or package of the top was loaded from another place than it would be now."""
    module = sys.modules.get(name)
    if module is None or _is_pythons(getattr(module, "__file__", None)):
        return False
    if not (places := _places(module)) or not all(map(_is_own, places)):
        return False
    try:
        spec = PathFinder.find_spec(name)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    origin = spec.origin if spec.has_location else None
    return not places & {Path(place).resolve() for place in (origin, *(spec.submodule_search_locations or ())) if place}


def _places(module: ModuleType) -> set[Path]:
    """The file of a module, and the folders of a package, which alone a namespace package has."""
    file = getattr(module, "__file__", None)
    try:
        return {Path(place).resolve() for place in (file, *getattr(module, "__path__", ())) if isinstance(place, str)}
    except Exception:  # a module may put anything there
        return set()


def _shadowed(name: str, module: ModuleType, source: Source) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not _is_own(file) or source.folder is None:
        return False
    path = source.folder.joinpath(*name.split("."))
    return any(here.exists() and here != Path(file) for here in (path.with_suffix(".py"), path / "__init__.py"))


def _graph(module: ModuleType, source: Source, parameters: Mapping[str, Any] | None) -> tuple[str, WorkflowGraph]:
    where = source.file or source.module
    if source.attribute:
        try:
            found = getattr_path(module, source.attribute)
        except AttributeError:
            raise Refused(f"{where} has no {source.attribute!r}; it has: {_offer(module)}") from None
        return source.attribute, _made(found, source.attribute, where, parameters)
    graphs = _graphs(module)
    if not graphs:
        raise Refused(f"there is no graph in {where}: it must have a WorkflowGraph at module level, or a function that "
                      f"makes one, given as {_typed(source)}:FUNCTION. It has: {_offer(module)}{_under_main(source)}")
    if len(graphs) > 1:
        raise Refused(f"there are several graphs in {where}: {', '.join(graphs)}. Say which: "
                      f"{_typed(source)}:{next(iter(graphs))}")
    name, graph = next(iter(graphs.items()))
    if parameters:
        _no_parameters(name, where)
    return name, graph


def _under_main(source: Source) -> str:
    """A hint for a file that makes its graph where only `python FILE` would."""
    text = source.file.read_text(encoding="utf-8-sig", errors="replace") if source.file else ""
    if "__main__" not in text:
        return ""
    return '. What stands under `if __name__ == "__main__":` isn\'t run when the module is imported'


def _typed(source: Source) -> str:
    """A workflow as it is named on the command line."""
    return source.file.name if source.folder and source.file else source.module


def _no_parameters(name: str, where: Any) -> None:
    raise Refused(f"-p gives arguments to a function that makes a graph, and {name} of {where} is a graph already: "
                  "name the function as WORKFLOW:FUNCTION, or leave -p out")


def _made(found: Any, name: str, where: Any, parameters: Mapping[str, Any] | None) -> WorkflowGraph:
    if isinstance(found, WorkflowGraph):
        if parameters:
            _no_parameters(name, where)
        return found
    if not callable(found):
        raise Refused(f"{name} of {where} must be a WorkflowGraph or a function that makes one; it is a "
                      f"{type(found).__name__}")
    try:
        inspect.signature(found).bind(**(parameters or {}))
    except TypeError as error:
        given = ", ".join(f"-p {k}={v!r}" for k, v in (parameters or {}).items()) or "no -p"
        raise Refused(f"{name}{inspect.signature(found)} of {where} can't be called with {given}: {error}") from None
    except ValueError:
        pass  # a builtin without a signature
    try:
        graph = found(**(parameters or {}))
    except D4pError as error:
        raise Refused(located(error)) from error
    except Exception as error:
        raise Refused(f"{name} of {where} failed to make a graph:\n{users_traceback(error)}") from error
    if not isinstance(graph, WorkflowGraph):
        raise Refused(f"{name} of {where} must return a WorkflowGraph; it returned a {type(graph).__name__}")
    return graph


def _graphs(module: ModuleType) -> dict[str, WorkflowGraph]:
    """The module's top-level graphs by their first name; composites and graphs used inside others don't count."""
    found: dict[str, WorkflowGraph] = {}
    for name, value in vars(module).items():
        composite = hasattr(value, "inputmappings") or hasattr(value, "outputmappings")
        if isinstance(value, WorkflowGraph) and not composite and not any(value is g for g in found.values()):
            found[name] = value
    inner = {id(node) for graph in found.values() for node in graph.objToNode}
    return {name: graph for name, graph in found.items() if id(graph) not in inner}


def _offer(module: ModuleType) -> str:
    kinds = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    functions = [f"{n}()" for n, v in kinds.items() if callable(v) and getattr(v, "__module__", "") == module.__name__
                 and not isinstance(v, type)]
    graphs = [f"{n} (a {type(v).__name__})" for n, v in kinds.items() if isinstance(v, WorkflowGraph)]
    classes = [n for n, v in kinds.items() if isinstance(v, type) and v.__module__ == module.__name__]
    kinds_of = {"graphs": graphs, "functions": functions, "classes": classes}
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds_of.items() if names) or "nothing of its own"


def _top_folder(module: str, file: str | Path | None) -> Path:
    """The folder that `module` is imported from, its packages included."""
    if file is None:
        return Path.cwd()
    path = Path(file).resolve()
    return path.parents[module.count(".") + (path.name == "__init__.py")]


def _is_own(file: str | Path) -> bool:
    """Whether a module's file belongs to the user: not the standard library's, not an installed package's."""
    name = str(file)
    return not _is_installed(name) and not name.startswith(STDLIB_FOLDERS)


def _is_pythons(file: Any) -> bool:
    """Whether a module's file is the standard library's, told without following links: most modules are of it."""
    return isinstance(file, str) and file.startswith(STDLIB_FOLDERS) and not _is_installed(file)


def _is_installed(file: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(file.split(os.sep))


def _is_users(file: Path) -> bool:
    """Whether a module's file is the user's own, and not of this package or of the runtime, which may lie anywhere."""
    import d4p

    ours = (Path(d4p.__file__).parent, Path(__file__).parents[1])
    return _is_own(file) and not any(folder in file.parents for folder in ours)


def _own_modules(before: set[str], main: str) -> dict[str, Path]:
    """The workflow's own modules that its import loaded, now or when it was loaded before in this process."""
    found = {}
    users: dict[str, Path | None] = {}  # a folder of modules: where it lies, or None where those aren't the user's
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and file.endswith(".py") and (name == main or name not in before) and name != "__main__":
            folder, base = os.path.split(file)
            if os.path.islink(file):
                folder, base = os.path.split(os.path.realpath(file))
            if folder not in users:
                path = Path(folder).resolve()
                users[folder] = path if _is_users(path / base) else None
            if (path := users[folder]) is not None:
                found[name] = path / base
    known = _LOADED_BY.setdefault(found.get(main), {})
    known |= found
    return {name: file for name, file in sorted(known.items()) if name in sys.modules}
