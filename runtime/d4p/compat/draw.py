"""A workflow as a picture, by way of Graphviz."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from d4p.errors import Refused
from d4p.graph.flatten import flatten
from d4p.graph.spelled import also
from d4p.graph.workflow_graph import WorkflowGraph


def draw(graph: WorkflowGraph) -> str:
    """The workflow in Graphviz's dot language: a record with its connected ports for each PE, a box a composite."""
    flat = flatten(graph)
    number = {id(pe): i for i, pe in enumerate(flat.pes)}
    ports: list[tuple[dict, dict]] = [({}, {}) for _ in flat.pes]
    edges = []
    for e in flat.edges:
        source, dest = number[id(e.source)], number[id(e.dest)]
        out = ports[source][1].setdefault(e.output, len(ports[source][1]))
        into = ports[dest][0].setdefault(e.input, len(ports[dest][0]))
        edges.append(f"  n{source}:o{out} -> n{dest}:i{into};")
    nodes = [f'n{i} [label="{_record(pe.id, *ports[i])}"];' for i, pe in enumerate(flat.pes)]
    lines = ["digraph workflow {", "  node [shape=Mrecord, style=filled, fillcolor=white];"]
    drawn: set[int] = set()
    for index, (label, inner) in enumerate(flat.composites):
        own = [number[id(pe)] for pe in inner if number[id(pe)] not in drawn]
        if own:
            drawn.update(own)
            lines += [f"  subgraph cluster_{index} {{", f'    label="{_escape(label)}"; style=filled; color=lightgrey;']
            lines += [f"    {nodes[i]}" for i in own] + ["  }"]
    lines += [f"  {node}" for i, node in enumerate(nodes) if i not in drawn]
    return "\n".join([*lines, *edges, "}", ""])


@also(img_type="format")
def drawDot(graph: WorkflowGraph, format: str = "png") -> bytes:
    """The workflow as an image, made by Graphviz's `dot`.

    Raises:
        Refused: `dot` is not installed or fails.
    """
    dot = shutil.which("dot")
    if dot is None:
        raise Refused("drawing a workflow needs Graphviz's `dot`, which is not installed here (Debian, Ubuntu:"
                      " apt install graphviz); draw(graph) gives its text without it")
    done = subprocess.run([dot, "-T", format], input=draw(graph).encode(), capture_output=True, check=False)
    if done.returncode:
        raise Refused(f"`dot -T {format}` failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def write_image(graph: WorkflowGraph, filename: str | Path, img_type: str | None = None) -> None:
    """Writes the workflow to a file; `img_type`, else the suffix, says as what: png, svg, pdf, or dot for the text."""
    path = Path(filename)
    kind = img_type or path.suffix[1:] or "png"
    if kind == "dot":
        path.write_text(draw(graph), encoding="utf-8")
    else:
        path.write_bytes(drawDot(graph, kind))


def _record(name: str, inputs: dict[str, int], outputs: dict[str, int]) -> str:
    fields = [_escape(name)]
    if inputs:
        fields.insert(0, "{" + " | ".join(f"<i{n}> {_escape(port)}" for port, n in inputs.items()) + "}")
    if outputs:
        fields.append("{" + " | ".join(f"<o{n}> {_escape(port)}" for port, n in outputs.items()) + "}")
    return "{ " + " | ".join(fields) + " }"


def _escape(text: Any) -> str:
    return "".join("\\" + c if c in '\\"{}|<> ' else c for c in str(text))
