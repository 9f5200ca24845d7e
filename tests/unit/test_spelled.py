"""Keywords of dispel4py's functions, as each of its versions spells them."""

from __future__ import annotations

import pytest

from d4p.compat import testing as t
from d4p.compat.direct import process_and_return
from d4p.compat.draw import write_image
from d4p.graph.base import SimpleFunctionPE, create_iterative_chain
from d4p.graph.workflow_graph import WorkflowGraph
from d4p.library.aggregate import SumPE, parallel_aggregate


@pytest.mark.parametrize("keywords", [("fromNode", "fromConnection", "toNode", "toConnection"),
                                      ("from_node", "from_connection", "to_node", "to_connection"),
                                      ("from_node", "output", "to_node", "input")])
def test_keywords_as_each_version_of_dispel4py_spells_them(keywords):
    graph, source, dest = WorkflowGraph(), t.TestProducer(), t.TestOneInOneOut()
    graph.connect(**dict(zip(keywords, (source, "output", dest, "input"), strict=True)))
    assert process_and_return(graph, {source: 2}) == {"TestOneInOneOut1": {"output": [1, 2]}}


def test_keywords_of_other_functions_in_the_spelling_of_dispel4py_2(tmp_path):
    chain = create_iterative_chain([abs], function_pe_class=SimpleFunctionPE)
    assert chain.inputmappings["input"][0].name == "PE_abs"
    assert parallel_aggregate(inst_pe=SumPE(), reduce_pe=SumPE()).outputmappings
    with pytest.raises(TypeError, match="got inst_pe and instPE, which are the same"):
        parallel_aggregate(inst_pe=SumPE(), instPE=SumPE())
    write_image(chain, tmp_path / "picture", "dot")
    assert (tmp_path / "picture").read_text().startswith("digraph")
