"""`import dispel4py...` finds this API.

`install()` puts a finder first on `sys.meta_path`. The names in `PROVIDED` become modules that hold the names of this
package's modules, whether or not dispel4py is installed; the classes stay those of `d4p`, so they pickle by
reference. Any other `dispel4py.*` name is looked for in an installed dispel4py, which is found without importing it,
and such a module then gets this API from its own `from dispel4py.core import ...`.

Where dispel4py was imported before `install()`, its modules are dropped from `sys.modules`, so that the next import
finds this API; objects made before keep their old classes, and a graph of ours refuses them by type.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

from d4p.errors import Refused

# dispel4py's module -> the modules here whose names it shows; no module of ours means a package of such modules.
PROVIDED: dict[str, tuple[str, ...]] = {
    "dispel4py": (),
    "dispel4py.GenericPE": ("d4p.graph.core",),
    "dispel4py.base": ("d4p.graph.base",),
    "dispel4py.core": ("d4p.graph.core",),
    "dispel4py.examples": (),
    "dispel4py.examples.graph_testing": (),
    "dispel4py.examples.graph_testing.testing_PEs": ("d4p.compat.testing",),
    "dispel4py.new": (),
    "dispel4py.new.aggregate": ("d4p.library.aggregate",),
    "dispel4py.new.logger": ("d4p.compat.old.logger",),
    "dispel4py.new.mappings": ("d4p.compat.old.mappings",),
    "dispel4py.new.monitoring": ("d4p.compat.old.monitoring",),
    "dispel4py.new.mpi_process": ("d4p.compat.old.processor", "d4p.compat.old.mpi_process"),
    "dispel4py.new.multi_process": ("d4p.compat.old.processor", "d4p.compat.old.multi_process"),
    "dispel4py.new.processor": ("d4p.compat.old.processor",),
    "dispel4py.new.simple_process": ("d4p.compat.old.processor", "d4p.compat.direct"),
    "dispel4py.new.spark_process": ("d4p.compat.old.spark_process",),
    "dispel4py.provenance": ("d4p.compat.old.provenance",),
    "dispel4py.seismo": (),
    "dispel4py.seismo.seismo": ("d4p.compat.old.seismo",),
    "dispel4py.simple_process": ("d4p.compat.old.simple_process",),
    "dispel4py.utils": ("d4p.compat.old.utils",),
    "dispel4py.visualisation": ("d4p.compat.old.visualisation",),
    "dispel4py.workflow_graph": ("d4p.graph.workflow_graph", "d4p.compat.draw"),
}

# Engines of dispel4py's successors, whose `process` workflow files import and seldom call.
for _name in ("dynamic", "dynamic_redis", "new_dynamic", "new_dynamic_auto", "new_dynamic_redis",
              "new_dynamic_redis_auto", "new_hybrid_redis", "zmq_multi"):
    PROVIDED[f"dispel4py.new.{_name}"] = ("d4p.compat.old.processor", "d4p.compat.old.other_process")

_loading = 0


def install() -> None:
    """Makes `dispel4py` and the modules in `PROVIDED` resolve to this API; calling it again does nothing."""
    if sys.meta_path and isinstance(sys.meta_path[0], Dispel4pyFinder):
        return
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, Dispel4pyFinder)]
    sys.meta_path.insert(0, Dispel4pyFinder())
    for name in list(sys.modules):
        if name.partition(".")[0] == "dispel4py" and not _is_ours(sys.modules[name]):
            del sys.modules[name]


@contextmanager
def loading(module: str) -> Iterator[None]:
    """While a workflow's module is being imported: a run it starts is refused (see `refuse_while_loading`), an
    `os._exit` of its is a `sys.exit`, which doesn't end as if all were done, and it reads the same command line
    wherever that is, the one of `dispel4py simple MODULE`."""
    global _loading
    given, leave, process = sys.argv, os._exit, os.getpid()

    def leaves(status: int) -> None:
        (sys.exit if _loading and os.getpid() == process else leave)(status)  # it may be called later, too

    os._exit = leaves
    _loading += 1
    sys.argv = ["dispel4py", "simple", module]
    try:
        yield
    finally:
        _loading -= 1
        sys.argv, os._exit = given, leave


def is_loading() -> bool:
    """Whether a workflow module is being imported."""
    return _loading > 0


def refuse_while_loading(call: str) -> None:
    """Raises Refused when a workflow is being loaded; `call` is the function that was about to run it."""
    if is_loading():
        raise Refused(f"the workflow starts a run when it is imported, or when its graph is made: it calls {call}, and"
                      ' d4p wants the graph alone. Put the call under `if __name__ == "__main__":`, and name the graph,'
                      " or a function that makes it and doesn't run it.")


class Dispel4pyFinder:
    """The finder and loader of `dispel4py` and `dispel4py.*`."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != "dispel4py":
            return None
        installed = self._installed(name, path)
        if name not in PROVIDED:
            if installed is not None:
                return installed
            known = ", ".join(PROVIDED)
            raise ModuleNotFoundError(f"No module named {name!r}: d4p doesn't provide it; dispel4py itself, if it has"
                                      f" it, must be installed. d4p provides {known}", name=name)
        spec = ModuleSpec(name, cast(Any, self), origin="d4p", is_package=not PROVIDED[name])
        if spec.submodule_search_locations is not None and installed is not None:
            spec.submodule_search_locations.extend(installed.submodule_search_locations or ())
        return spec

    def _installed(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if not isinstance(finder, Dispel4pyFinder) and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path)
                if spec is not None:
                    return spec
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fills a module with the public names of the modules it stands for."""
        module.__doc__ = f"{module.__name__}, as d4p has it."
        for source in PROVIDED[module.__name__]:
            for name, value in vars(import_module(source)).items():
                if not name.startswith("_") and name != "annotations":
                    setattr(module, name, value)


def _is_ours(module: Any) -> bool:
    return isinstance(getattr(getattr(module, "__spec__", None), "loader", None), Dispel4pyFinder)
