"""The workflow of a compiled program: imported when it is needed, in each process that needs it."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d4p import version as runtime
from d4p.describe.tracebacks import error_text, traceback_without
from d4p.errors import D4pError, Refused
from d4p.graph.copies import copied
from d4p.graph.flatten import Flat, flatten, leading_back, topological
from d4p.graph.labels import fingerprint, labels
from d4p.host.signals import OF_USERS
from d4p.outputs.writing import Writing
from d4p.workflow.unpack import unpack_modules

if TYPE_CHECKING:
    from d4p.graph.policies import Isolation, Policy


class Workflow:
    """Where a graph comes from, as a value that can be sent to workers.

    `source` is `module:attribute`; with `parameters` (a dict) the attribute is a function that makes the
    graph. `pickled` is the file of a graph without a module (one made in a notebook). `on_error` is what the command
    line said of items that fail when the program was compiled. `writing` says where instances write outputs, once a
    program has begun them.
    """

    def __init__(self, source: str, fingerprint: str, parameters: dict[str, Any] | None = None,
                 pickled: str | None = None, on_error: Sequence[str] = ()) -> None:
        self.source = source
        self.fingerprint = fingerprint
        self.parameters = parameters
        self.pickled = pickled
        self.on_error = tuple(on_error)
        self.writing = Writing()
        self._bytes: bytes | None = None

    @functools.cached_property
    def flat(self) -> Flat:
        """The flattened graph. Raises Refused if it isn't the graph that the program was compiled from."""
        flat = flatten(self._graph())
        found = fingerprint(flat)
        if found != self.fingerprint:
            raise Refused(
                f"{self.source} makes another graph here ({found}) than the one that was compiled "
                f"({self.fingerprint}): compile again after a change, and let the module build the same graph "
                "every time it is imported"
            )
        return flat

    def _graph(self) -> Any:
        from d4p import compat

        compat.install()
        if self.pickled is not None:
            import cloudpickle

            return cloudpickle.loads(self._pickle())
        module, _, attribute = self.source.partition(":")
        unpack_modules(module.partition(".")[0])
        here = os.getcwd()
        try:
            with compat.loading(module):
                found: Any = importlib.import_module(module)
                for name in attribute.split("."):
                    found = getattr(found, name)
                return found(**self.parameters) if self.parameters is not None else found
        except D4pError:
            raise
        except (Exception, SystemExit) as error:
            raise Refused(f"{self.source}, which d4p could load when it compiled it, fails in the program (on"
                          f" {platform.node()}): {error_text(error)}\n"
                          f"{traceback_without(error, 'importlib')}") from error
        finally:
            os.chdir(here)  # a program runs in the user's folder, wherever its workflow went

    def _pickle(self) -> bytes:
        if self._bytes is None:
            assert self.pickled is not None
            self._bytes = Path(self.pickled).read_bytes()
        return self._bytes

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """`{PE id: name in the plan}`."""
        return labels(self.flat)

    @functools.cached_property
    def pes(self) -> dict[str, Any]:
        """`{name in the plan: PE as the workflow module left it}`."""
        return {self.names[pe.id]: pe for pe in self.flat.pes}

    @functools.cached_property
    def order(self) -> list[str]:
        """The names of the PEs in topological order."""
        return [self.names[pe.id] for pe in topological(self.flat.pes, self.flat.edges)]

    @functools.cached_property
    def postprocess_order(self) -> list[str]:
        """The names of the PEs in the order in which `postprocess` runs: topological, with cycles that of addition."""
        cyclic = any(leading_back(self.flat.pes, self.flat.edges))
        return list(self.pes) if cyclic else self.order

    @functools.cached_property
    def policies(self) -> dict[str, Policy]:
        """What becomes of items that fail, by name of the PE, for those with another policy than that the run fails.
        Raises Refused for a policy, or a PE that one is given for, that makes no sense."""
        asked = (*self.on_error, *self.writing.on_error)
        if not asked and all(says is None for says in self.flat.on_error):
            return {}
        from d4p.workflow.policies import policies  # here, since few workflows have any

        return policies(self.flat, self.pes, asked)

    @functools.cached_property
    def isolated(self) -> dict[str, Isolation]:
        """The PEs that have a process of their own, by name. Raises Refused where that makes no sense."""
        if all(pe.isolate is False and pe.time_limit is pe.memory_limit is None for pe in self.pes.values()):
            return {}
        from d4p.workflow.policies import isolated  # as above

        return isolated(self.pes)

    def check_policies(self) -> None:
        """Raises Refused for a policy, or for what is asked of a PE's own process, that makes no sense."""
        _ = self.policies, self.isolated

    def make(self) -> None:
        """Import the modules and make the graph, where that isn't done. Raises Refused for another than the one that
        was compiled."""
        _ = self.pes

    def copy(self, name: str, index: int, instances: int = 1) -> Any:
        """A PE of its own for instance `index` of `instances`. Raises Refused, naming the attribute, if it can't be
        copied. A PE with one instance hands over what it holds that can't be (`d4p.graph.copies.held`), once."""
        pe = self.pes[name]
        try:
            mine = copied(pe)
        except Exception:
            mine = self._handed_over(pe, index, instances)
        mine.rank = index
        return mine

    def _handed_over(self, pe: Any, index: int, instances: int) -> Any:
        # A Spark worker keeps the module, and may run a task again: what the first one used isn't as it was.
        sole = instances == 1 and not vars(pe).get("_d4p_handed_over")
        try:
            mine = copied(pe, sole)
            pe._d4p_handed_over = True
            return mine
        except Exception as error:
            from d4p.items.packing import why_unpicklable

            raise Refused(
                f"{pe.id} ({type(pe).__name__}) can't be copied for instance {index}: {why_unpicklable(pe)}. "
                "Make such a thing in preprocess(), which each instance runs for itself"
            ) from error

    def roots(self) -> list[str]:
        """The names of the PEs with no connected input, in order of addition."""
        fed = {id(edge.dest) for edge in self.flat.edges}
        return [self.names[pe.id] for pe in self.flat.pes if id(pe) not in fed]

    def edges(self) -> list[tuple[str, str, str, str]]:
        """`(source name, output, dest name, input)` for each edge."""
        return [(self.names[e.source.id], e.output, self.names[e.dest.id], e.input) for e in self.flat.edges]

    def __getstate__(self) -> dict[str, Any]:
        """What a worker needs; a pickled graph goes along, since its file is on this machine."""
        kept = ("source", "fingerprint", "parameters", "pickled", "on_error", "writing", "_bytes")
        if self.pickled is not None:
            self._pickle()
        return {name: value for name, value in vars(self).items() if name in kept}


OF_USERS.add(Workflow._graph.__code__)


def unconnected(workflow: Workflow) -> list[tuple[str, str]]:
    """The (PE id, port) of each output that nothing is connected to."""
    used = {(id(e.source), e.output) for e in workflow.flat.edges}
    pes = workflow.flat.pes
    return [(pe.id, str(port)) for pe in pes for port in pe.outputconnections if (id(pe), port) not in used]


def require(version: str, script: str | None = None) -> None:
    """Stop with one sentence if this runtime isn't the one that the program was compiled for.

    Beside a bundle's script lie `d4p.zip` and its digest: a zip of the right version but other content is refused too.
    """
    if version != runtime.__version__:
        sys.exit(
            f"this program was compiled for the d4p runtime {version}, and {Path(runtime.__file__).parent} is "
            f"{runtime.__version__}: compile it again, or use the d4p.zip of its bundle"
        )
    archive = beside(script, "d4p.zip") if script else None
    if archive and Path(archive + ".sha256").exists():
        wanted = Path(archive + ".sha256").read_text().split()[0]
        if hashlib.sha256(Path(archive).read_bytes()).hexdigest() != wanted:
            sys.exit(f"{archive} isn't the runtime that this program was compiled with: compile it again")


def beside(script: str, name: str) -> str:
    """The path of a file that lies beside the script."""
    return str(Path(script).resolve().parent / name)
