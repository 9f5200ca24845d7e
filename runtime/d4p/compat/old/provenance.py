"""dispel4py.provenance: harmless stand-ins. A workflow that declares provenance runs; no provenance is recorded.

A PE's `write(port, item, metadata=..., location=...)` drops what isn't port or item, and of what a function PE returns
as `{"_d4p_prov": ..., "_d4p_data": item}` the item goes on. As in the original, its import gives every PE the methods
that declare provenance.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import inspect
import json
import os
import socket
import sys
import time
import traceback
import uuid
from copy import deepcopy
from itertools import chain
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import urlencode, urlparse

from d4p.compat import direct as simple_process
from d4p.compat.old.utils import make_hash, total_size
from d4p.graph.base import ConsumerPE, IterativePE, SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from d4p.graph.core import NAME, TYPE, GenericPE

__all__ = [  # a star import of the original gives the modules it uses too, and workflow files count on that
    "ASTGrouped", "AccumulateFlow", "AccumulateStateTrace", "Any", "ConsumerPE", "ForceStateless", "GenericPE",
    "INPUT_NAME", "InitiateNewRun", "IntermediateStatefulOut", "IterativePE", "MultiInvocationGrouped",
    "MultiInvocationStateful", "MyProvenanceRecorderWithFeedback", "NAME", "Nby1Flow", "NewWorkflowRun", "OUTPUT_DATA",
    "OUTPUT_METADATA", "PIPE", "PassThroughPE", "Popen", "ProvenanceIterativePE", "ProvenancePE", "ProvenanceRecorder",
    "ProvenanceRecorderToFile", "ProvenanceRecorderToFileBulk", "ProvenanceRecorderToService",
    "ProvenanceRecorderToServiceBulk", "ProvenanceRecorderToServiceWFeedback", "ProvenanceSimpleFunctionPE",
    "ProvenanceStock", "ProvenanceType", "SimpleFunctionPE", "SingleInvocationFlow", "SingleInvocationStateful",
    "SlideFlow", "TYPE", "UpdateWorkflowRun", "WorkflowGraph", "argparse", "attachProvenanceRecorderPE", "chain",
    "collections", "commandChain", "configure_prov_run", "create_iterative_chain", "datetime", "deepcopy",
    "getUniqueId", "injectProv", "inspect", "json", "make_hash", "num", "os", "profile_prov_run", "simple_process",
    "socket", "sys", "time", "total_size", "traceback", "urlencode", "urlparse", "uuid",
]  # fmt: skip

INPUT_NAME = "input"
OUTPUT_DATA = "output"
OUTPUT_METADATA = "metadata"


def _declare(self: Any, *args: Any, **kwargs: Any) -> None:
    """Declares provenance, of which none is recorded."""


for _name in ("addNamespacePrefix", "addToProvState", "update_prov_state"):
    setattr(GenericPE, _name, _declare)


class ProvenanceType(GenericPE):
    """A PE whose provenance methods do nothing."""

    PROV_PATH = "./"
    REPOS_URL = PROV_EXPORT_URL = PROV_BEARER_TOKEN = ""
    SAVE_MODE_SERVICE, SAVE_MODE_FILE, SAVE_MODE_SENSOR = "service", "file", "sensor"
    BULK_SIZE = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        GenericPE.__init__(self)

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


class ProvenanceRecorderToFile(ProvenanceRecorder): ...


class ProvenanceRecorderToFileBulk(ProvenanceRecorder): ...


class ProvenanceRecorderToService(ProvenanceRecorder): ...


class ProvenanceRecorderToServiceBulk(ProvenanceRecorder): ...


class ProvenanceRecorderToServiceWFeedback(ProvenanceRecorder): ...


class MyProvenanceRecorderWithFeedback(ProvenanceRecorder): ...


class NewWorkflowRun(ProvenancePE): ...


class UpdateWorkflowRun(ProvenanceType): ...


class PassThroughPE(IterativePE):
    """Hands its items on."""

    def _process(self, data: Any) -> Any:
        return data


class ProvenanceStock(ProvenanceType):
    """A name of a type of provenance, as are those below."""


class ASTGrouped(ProvenanceType): ...


class AccumulateFlow(ProvenanceType): ...


class AccumulateStateTrace(ProvenanceType): ...


class ForceStateless(ProvenanceType): ...


class IntermediateStatefulOut(ProvenanceType): ...


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


InitiateNewRun = configure_prov_run  # its older name


def attachProvenanceRecorderPE(graph: WorkflowGraph, *args: Any, **kwargs: Any) -> WorkflowGraph:
    """The graph as it is."""
    return graph


def injectProv(object: Any, *args: Any, **kwargs: Any) -> None:
    """Leaves the graph or PE as it is."""


def getUniqueId(data: Any = None) -> str:
    """A new id for a run."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid1()}"


def num(s: Any) -> int | float:
    """A number from text."""
    try:
        return int(s)
    except ValueError:
        return float(s)


def commandChain(commands: list, envhpc: dict[str, str], queue: Any = None) -> tuple[bytes, bytes] | None:
    """Runs shell commands one after the other; what the last one printed, or into `queue` with it."""
    said = b"", b""
    for command in commands:
        said = Popen(command, stdout=PIPE, stderr=PIPE, env=envhpc, shell=True).communicate()
    if queue is None:
        return said
    queue.put(list(said))
    queue.close()
    return None
