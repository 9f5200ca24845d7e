"""What a dispel4py workflow imports, and what a compiled program runs on.

PEs: GenericPE and the simpler bases IterativePE, ProducerPE, ConsumerPE; ready-made ReadLines, ReadFiles, WriteText,
WriteRecords, WriteArrow, AllPairs, PairsBetween, and those of `d4p.aggregate`. WorkflowGraph joins them. `files` opens
files wherever they are. `d4p help` on the command line lists texts on all of it.

Names are looked up when they are used: a program imports its engine and not all the others, and `d4p plan` none.
"""

from __future__ import annotations

import importlib
import sys
import zipimport
from typing import TYPE_CHECKING, Any

from d4p.version import __version__

if TYPE_CHECKING:
    from d4p import files
    from d4p.graph.base import (
        BasePE,
        CompositePE,
        ConsumerPE,
        IterativePE,
        ProducerPE,
        SimpleFunctionPE,
        create_iterative_chain,
    )
    from d4p.graph.core import GenericPE
    from d4p.graph.policies import DeadLetter, Fail, Retry, Skip
    from d4p.graph.workflow_graph import WorkflowGraph
    from d4p.items.batch import Batch
    from d4p.library import AllPairs, PairsBetween, ReadFiles, ReadLines, WriteArrow, WriteRecords, WriteText
    from d4p.program.main import start
    from d4p.stage.channel import Channel
    from d4p.stage.exchange import Broadcast, Forward, Gather, Hash, Pairs, RoundRobin
    from d4p.stage.function import runs
    from d4p.workflow.workflow import Workflow, beside, require

_WHERE = {
    **dict.fromkeys(("BasePE", "CompositePE", "ConsumerPE", "IterativePE", "ProducerPE", "SimpleFunctionPE",
                     "create_iterative_chain"), "d4p.graph.base"),
    "GenericPE": "d4p.graph.core",
    **dict.fromkeys(("DeadLetter", "Fail", "Retry", "Skip"), "d4p.graph.policies"),
    "WorkflowGraph": "d4p.graph.workflow_graph",
    "Batch": "d4p.items.batch",
    **dict.fromkeys(("AllPairs", "PairsBetween", "ReadFiles", "ReadLines", "WriteArrow", "WriteRecords", "WriteText"),
                    "d4p.library"),
    "start": "d4p.program.main",
    "Channel": "d4p.stage.channel",
    **dict.fromkeys(("Broadcast", "Forward", "Gather", "Hash", "Pairs", "RoundRobin"), "d4p.stage.exchange"),
    "runs": "d4p.stage.function",
    **dict.fromkeys(("Workflow", "beside", "require"), "d4p.workflow.workflow"),
}  # fmt: skip
_MODULES = ("aggregate", "compat", "containers", "errors", "files", "schema", "seismo", "threads")


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = globals()[name] = getattr(importlib.import_module(_WHERE[name]), name)
        return value
    if name in _MODULES:
        return importlib.import_module(f"d4p.{name}")
    raise AttributeError(f"module 'd4p' has no attribute {name!r}; it has: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "AllPairs",
    "BasePE",
    "Batch",
    "Broadcast",
    "Channel",
    "CompositePE",
    "ConsumerPE",
    "DeadLetter",
    "Fail",
    "Forward",
    "Gather",
    "GenericPE",
    "Hash",
    "IterativePE",
    "Pairs",
    "PairsBetween",
    "ProducerPE",
    "ReadFiles",
    "ReadLines",
    "Retry",
    "RoundRobin",
    "SimpleFunctionPE",
    "Skip",
    "Workflow",
    "WorkflowGraph",
    "WriteArrow",
    "WriteRecords",
    "WriteText",
    "__version__",
    "beside",
    "create_iterative_chain",
    "files",
    "require",
    "runs",
    "start",
]

if isinstance(__loader__, zipimport.zipimporter):
    importlib.import_module("d4p.host.zipped").import_once(__path__[0])
if hasattr(sys, "ps1") or sys.flags.interactive:  # somebody sits at a prompt, or in a notebook
    importlib.import_module("d4p.describe.uncaught").tell()
