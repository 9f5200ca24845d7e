"""dispel4py.provenance: harmless stand-ins. A workflow that declares provenance runs; no provenance is recorded.

A PE's `write(port, item, metadata=..., location=...)` drops what isn't port or item.
"""

from __future__ import annotations

import datetime
import json
import os
import socket
import sys
import time
import traceback
import uuid
from typing import Any

from d4p.base import ConsumerPE, IterativePE, SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from d4p.core import NAME, TYPE, GenericPE

__all__ = [  # a star import of the original gives the modules it uses too, and workflow files count on that
    "INPUT_NAME", "NAME", "OUTPUT_DATA", "OUTPUT_METADATA", "TYPE", "ASTGrouped", "AccumulateFlow", "ConsumerPE",
    "GenericPE", "IterativePE", "MultiInvocationGrouped", "MultiInvocationStateful", "Nby1Flow",
    "ProvenanceIterativePE", "ProvenancePE", "ProvenanceRecorder", "ProvenanceSimpleFunctionPE", "ProvenanceStock",
    "ProvenanceType", "SimpleFunctionPE", "SingleInvocationFlow", "SingleInvocationStateful", "SlideFlow",
    "WorkflowGraph", "configure_prov_run", "create_iterative_chain", "datetime", "getUniqueId", "injectProv", "json",
    "os", "profile_prov_run", "socket", "sys", "time", "traceback", "uuid",
]  # fmt: skip

INPUT_NAME = "input"
OUTPUT_DATA = "output"
OUTPUT_METADATA = "metadata"


class ProvenanceType(GenericPE):
    """A PE whose provenance methods do nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        GenericPE.__init__(self)

    def addNamespacePrefix(self, prefix: str, url: str) -> None:
        """Nothing."""

    def update_prov_state(self, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def extractItemMetadata(self, data: Any, port: str = "output") -> dict[str, Any]:
        """No metadata."""
        return {}


class ProvenancePE(ProvenanceType):
    """The older form, which starts with the ports `input` and `output`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        ProvenanceType.__init__(self)
        self._add_input(INPUT_NAME)
        self._add_output(OUTPUT_DATA)


class ProvenanceIterativePE(IterativePE, ProvenanceType):
    """An iterative PE."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        IterativePE.__init__(self)


class ProvenanceSimpleFunctionPE(SimpleFunctionPE, ProvenanceType):
    """A function as a PE."""

    def __init__(self, compute_fn: Any = None, params: Any = None, *args: Any, **kwargs: Any) -> None:
        SimpleFunctionPE.__init__(self, compute_fn, params)


class ProvenanceRecorder(ProvenancePE):
    """Receives nothing."""


class ProvenanceStock(ProvenanceType):
    """A name of a type of provenance, as are those below."""


class ASTGrouped(ProvenanceType): ...


class AccumulateFlow(ProvenanceType): ...


class MultiInvocationGrouped(ProvenanceType): ...


class MultiInvocationStateful(ProvenanceType): ...


class Nby1Flow(ProvenanceType): ...


class SingleInvocationFlow(ProvenanceType): ...


class SingleInvocationStateful(ProvenanceType): ...


class SlideFlow(ProvenanceType): ...


def configure_prov_run(graph: WorkflowGraph, *args: Any, **kwargs: Any) -> None:
    """Leaves the graph as it is."""


def profile_prov_run(graph: WorkflowGraph, *args: Any, **kwargs: Any) -> None:
    """Leaves the graph as it is."""


def injectProv(object: Any, *args: Any, **kwargs: Any) -> None:
    """Leaves the graph or PE as it is."""


def getUniqueId(data: Any = None) -> str:
    """A new id for a run."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid1()}"
