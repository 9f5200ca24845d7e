"""dispel4py.visualisation: a workflow shown in a notebook."""

from __future__ import annotations

import sys

from d4p.compat.draw import draw, drawDot, write_image
from d4p.compat.finder import is_loading
from d4p.errors import Refused
from d4p.graph.workflow_graph import WorkflowGraph

__all__ = ["display", "draw", "drawDot", "write_image"]


def display(graph: WorkflowGraph) -> None:
    """Shows the workflow: as an image in a notebook with Graphviz, else as dot text; nothing while d4p loads it."""
    if is_loading():
        return
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from IPython.display import Image  # type: ignore[import-not-found]  # a notebook has it
        from IPython.display import display as show  # type: ignore[import-not-found]

        try:
            show(Image(drawDot(graph)))
            return
        except Refused as problem:
            print(problem)
    print(draw(graph))
