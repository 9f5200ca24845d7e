"""What a dispel4py workflow imports, and what a compiled program runs on.

PEs: GenericPE and the simpler bases IterativePE, ProducerPE, ConsumerPE; ready-made ReadLines, ReadFiles, WriteText,
WriteRecords, WriteArrow, AllPairs, PairsBetween, and those of `d4p.aggregate`. WorkflowGraph joins them. `files` opens
files wherever they are. `d4p help` on the command line lists texts on all of it.
"""

__version__ = "0.1.0"

from d4p import files
from d4p.base import (
    BasePE,
    CompositePE,
    ConsumerPE,
    IterativePE,
    ProducerPE,
    SimpleFunctionPE,
    create_iterative_chain,
)
from d4p.batch import Batch
from d4p.core import GenericPE
from d4p.graph import WorkflowGraph
from d4p.job import titled
from d4p.library import AllPairs, PairsBetween, ReadFiles, ReadLines, WriteArrow, WriteRecords, WriteText
from d4p.program import start
from d4p.workflow import Workflow, beside, require

__all__ = [
    "AllPairs",
    "BasePE",
    "Batch",
    "CompositePE",
    "ConsumerPE",
    "GenericPE",
    "IterativePE",
    "PairsBetween",
    "ProducerPE",
    "ReadFiles",
    "ReadLines",
    "SimpleFunctionPE",
    "Workflow",
    "WorkflowGraph",
    "WriteArrow",
    "WriteRecords",
    "WriteText",
    "beside",
    "create_iterative_chain",
    "files",
    "require",
    "start",
    "titled",
]
