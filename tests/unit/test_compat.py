"""dispel4py's names find this API; the direct interpreter; drawing."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from d4p import CompositePE, ConsumerPE, GenericPE, IterativePE, WorkflowGraph, compat, create_iterative_chain
from d4p.compat import testing as t
from d4p.compat.direct import process_and_return
from d4p.compat.draw import draw, drawDot, write_image
from d4p.errors import Refused

RUNTIME = str(Path(importlib.import_module("d4p").__file__).parent.parent)


@pytest.fixture
def installed():
    """The finder, for one test; what it imported is forgotten afterwards."""
    before = list(sys.meta_path)
    compat.install()
    yield
    sys.meta_path[:] = before
    for name in [n for n in sys.modules if n.partition(".")[0] == "dispel4py"]:
        del sys.modules[name]


def python(code: str, *path: str) -> str:
    """Runs code in a fresh interpreter with only these folders (and the standard library) on its path."""
    setup = f"import sys; sys.path[:0] = {list(path)!r}\n"
    done = subprocess.run([sys.executable, "-S", "-c", setup + code], capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", compat.PROVIDED)
def test_every_provided_module_imports(installed, name):
    module = importlib.import_module(name)
    assert module.__name__ == name == module.__spec__.name
    assert hasattr(module, "__path__") == (not compat.PROVIDED[name])
    assert importlib.reload(module) is module


def test_what_workflow_files_import(installed):
    space: dict = {}
    exec(
        """
import dispel4py.base
from dispel4py import base, core
from dispel4py.core import GenericPE, NAME, TYPE, GROUPING
from dispel4py.GenericPE import GenericPE as Old, NAME, GROUPING, TYPE
from dispel4py.base import IterativePE, WorkflowGraph, create_iterative_chain, GenericPE, NAME, CompositePE
from dispel4py.workflow_graph import WorkflowGraph, WorkflowNode, draw, drawDot, write_image
from dispel4py.new import simple_process, processor
from dispel4py.new.aggregate import parallelSum
from dispel4py.new.multi_process import process, GenericWrapper
from dispel4py.new.processor import *
from dispel4py.utils import make_hash, total_size
from dispel4py.examples.graph_testing import testing_PEs as t
from dispel4py.provenance import *
from dispel4py.seismo.seismo import *
from dispel4py.visualisation import *
""",
        space,
    )
    assert space["GenericPE"] is space["Old"] is GenericPE and space["base"] is sys.modules["dispel4py.base"]
    assert issubclass(space["SeismoPE"], GenericPE) and space["t"].TestProducer is t.TestProducer
    for name in ("STATUS_ACTIVE", "ProvenanceType", "ProvenanceRecorderToServiceWFeedback", "IntermediateStatefulOut",
                 "attachProvenanceRecorderPE", "PassThroughPE", "configure_prov_run", "SeismoSimpleFunctionPE",
                 "display", "uuid"):  # fmt: skip
        assert name in space


def test_classes_pickle_by_reference_without_dispel4py(installed):
    from dispel4py.new.aggregate import SumPE

    assert b"dispel4py" not in pickle.dumps(SumPE()) and SumPE.__module__ == "d4p.library.aggregate"


def test_unknown_name_lists_what_there_is(installed):
    with pytest.raises(ModuleNotFoundError, match="d4p provides dispel4py, .*dispel4py.new.aggregate") as error:
        importlib.import_module("dispel4py.storm_of_the_century")
    assert error.value.name == "dispel4py.storm_of_the_century"
    with pytest.raises(ImportError):
        exec("from dispel4py import storm_of_the_century")


def test_install_is_idempotent_and_stays_first(installed):
    compat.install()
    first = sys.meta_path[0]
    sys.meta_path.insert(0, sys.meta_path[-1])
    compat.install()
    finders = [f for f in sys.meta_path if isinstance(f, compat.Dispel4pyFinder)]
    assert len(finders) == 1 and sys.meta_path[0] is finders[0] and isinstance(first, compat.Dispel4pyFinder)


@pytest.fixture
def original(tmp_path):
    """A dispel4py on disk: what we provide would fail there, what we don't is there."""
    package = tmp_path / "site" / "dispel4py"
    (package / "new").mkdir(parents=True)
    (package / "__init__.py").write_text("IMPORTED = 1\n")
    (package / "new" / "__init__.py").write_text("IMPORTED = 1\n")
    (package / "core.py").write_text("class GenericPE: pass\n")
    (package / "extra.py").write_text("from dispel4py.core import GenericPE\nclass Extra(GenericPE): pass\n")
    (package / "new" / "timings.py").write_text("from dispel4py.core import GenericPE\n")
    return str(package.parent)


def test_other_names_come_from_an_installed_dispel4py(original):
    assert python(
        """
from d4p.compat import install; install()
import dispel4py, d4p
assert not hasattr(dispel4py, "IMPORTED")
from dispel4py.extra import Extra
from dispel4py.new.timings import GenericPE
assert issubclass(Extra, d4p.GenericPE) and GenericPE is d4p.GenericPE
import dispel4py.new; assert not hasattr(dispel4py.new, "IMPORTED")
try:
    import dispel4py.nope
except ModuleNotFoundError as e:
    print(e.name)
""",
        RUNTIME, original,
    ) == "dispel4py.nope\n"


def test_an_original_imported_before_is_replaced(original):
    assert python(
        """
import dispel4py.core
old = dispel4py.core.GenericPE
from d4p.compat import install; install()
import dispel4py.core, d4p
assert dispel4py.core.GenericPE is d4p.GenericPE is not old
try:
    d4p.WorkflowGraph().add(old())
except d4p.errors.Refused as e:
    print(e)
""",
        RUNTIME, original,
    ).startswith("a workflow graph holds PEs and composites; it was given an object of type dispel4py.core.GenericPE")


def test_from_a_zip_with_the_standard_library_only(tmp_path):
    archive = tmp_path / "d4p.zip"
    with zipfile.ZipFile(archive, "w") as z:
        for file in Path(RUNTIME, "d4p").rglob("*.py"):
            z.write(file, file.relative_to(RUNTIME))
    assert python(
        """
import d4p.compat; d4p.compat.install()
import importlib
for name in d4p.compat.PROVIDED: importlib.import_module(name)
from dispel4py.new.simple_process import process_and_return
from dispel4py.examples.graph_testing.testing_PEs import TestProducer
assert "d4p.zip" in d4p.compat.__file__
print(process_and_return(g, {p: 2}) if (g := d4p.WorkflowGraph()).add(p := TestProducer()) else 0)
""",
        str(archive),
    ) == "{'TestProducer0': {'output': [1, 2]}}\n"


def test_a_run_started_at_import_is_told(installed):
    from dispel4py.new import mpi_process, multi_process, simple_process, spark_process
    from dispel4py.visualisation import display

    graph = WorkflowGraph()
    graph.add(t.TestProducer())
    starts = [lambda: simple_process.process(graph, {}), lambda: simple_process.process_and_return(graph, {}),
              lambda: multi_process.process(graph, {}, None), lambda: mpi_process.process(graph, {}, None),
              lambda: spark_process.process(None, graph, {}, None)]
    with compat.loading("wf"):
        with compat.loading("wf"):
            display(graph)
        for start in starts:
            with pytest.raises(Refused, match='under `if __name__ == "__main__":`'):
                start()
    assert not compat.is_loading()
    with pytest.raises(Refused, match="d4p run FILE --target processes"):
        multi_process.process(graph, {}, None)
    assert simple_process.process_and_return(graph, {}) == {"TestProducer0": {"output": [1]}}


def test_provenance_is_harmless(installed):
    from dispel4py.provenance import ProvenanceType, SingleInvocationFlow, configure_prov_run
    from dispel4py.seismo.seismo import SeismoPE, SeismoSimpleFunctionPE

    class Recorded(ProvenanceType):
        def __init__(self):
            ProvenanceType.__init__(self, name="x")
            self._add_output("output")

        def _process(self, inputs):
            self.write("output", 1, metadata={"a": 1}, location="file://x", dep=["y"])

    graph = WorkflowGraph()
    graph.connect(Recorded(), "output", create_iterative_chain([abs], SeismoSimpleFunctionPE), "input")
    configure_prov_run(graph, None, provImpClass=(ProvenanceType,), componentsType={"R": SingleInvocationFlow})
    assert process_and_return(graph, {}) == {"PE_abs1": {"output": [1]}}
    assert set(SeismoPE().inputconnections) == {"input"}


def test_utils(installed, tmp_path):
    from dispel4py.utils import load_graph, make_hash, total_size

    assert make_hash({"a": [1, {2}], "b": (3,)}) == make_hash({"b": (3.0,), "a": [True, {2}]})
    shared = [0] * 1000
    assert total_size([shared, shared]) < 1.5 * total_size(shared)
    file = tmp_path / "flow_for_load_graph.py"
    file.write_text("from dispel4py.base import *\nsub = CompositePE()\n"
                    "graph = WorkflowGraph()\ngraph.add(IterativePE())\n")
    assert len(load_graph(str(file)).graph) == 1 and isinstance(load_graph(str(file), "sub"), CompositePE)
    with pytest.raises(ModuleNotFoundError):
        load_graph("no_such_module_anywhere")


# The direct interpreter.


class Keep(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.kept = []

    def _process(self, data):
        data.append("kept")
        self.kept.append(data)


class Late(IterativePE):
    """Passes nothing on until the end, then everything, its own name before and after."""

    def preprocess(self):
        self.items = []
        self.write("output", [self.name, "begins"])

    def _process(self, data):
        self.items.append(data)

    def postprocess(self):
        for item in self.items:
            self.write("output", item)
        self.write("output", [self.name, "ends"])


@pytest.mark.parametrize("key", ["pe", "id", "name"])
def test_inputs_by_pe_id_or_name(key):
    graph, producer = WorkflowGraph(), t.TestProducer()
    producer.name = "numbers"
    other = t.TestProducer()
    graph.connect(producer, "output", t.TestIterative(), "input")
    graph.add(other)
    given = {"pe": producer, "id": "numbers0", "name": "numbers"}[key]
    results = process_and_return(graph, {given: 3})
    assert results == {"TestIterative1": {"output": [1, 2, 3]}, "TestProducer2": {"output": [1]}}


def test_inputs_as_dicts_and_refused_inputs():
    graph, echo = WorkflowGraph(), t.TestOneInOneOut()
    graph.connect(echo, "output", t.TestOneInOneOutWriter(), "input")
    assert process_and_return(graph, {echo: [{"input": "a"}, {"input": "b"}]}) == {
        "TestOneInOneOutWriter1": {"output": ["a", "b"]}}
    for key in ("nobody", "TestOneInOneOutWriter1"):
        with pytest.raises(Refused, match=f"'{key}', which is not a root .* the roots are: TestOneInOneOut0"):
            process_and_return(graph, {key: 1})


def test_fan_out_gives_each_consumer_its_own():
    graph, keepers = WorkflowGraph(), [Keep(), Keep()]
    producer = t.NumberProducer(3)
    for keeper in keepers:
        graph.connect(producer, "output", keeper, "input")
    assert process_and_return(graph, {}, {"NumberProducer0": ["output"]}) == {
        "NumberProducer0": {"output": [[0], [1], [2]]}}
    assert [k.kept for k in keepers] == [[[0, "kept"], [1, "kept"], [2, "kept"]]] * 2
    assert "_d4p_ports" not in vars(producer)


def test_postprocess_in_topological_order_and_its_writes_flow_on():
    graph, a, b = WorkflowGraph(), Late(), Late()
    a.name, b.name = "a", "b"
    graph.add(b)
    graph.connect(t.NumberProducer(2), "output", a, "input")
    graph.connect(a, "output", b, "input")
    assert process_and_return(graph, {}) == {"b0": {"output": [
        ["b", "begins"], ["a", "begins"], [0], [1], ["a", "ends"], ["b", "ends"]]}}


def test_a_long_chain_and_a_composite_do_not_recurse():
    graph = WorkflowGraph()
    chain = create_iterative_chain([abs] * 3000)
    graph.connect(t.IntegerProducer(-3, 0), "output", chain, "input")
    assert process_and_return(graph, {}) == {"PE_abs3000": {"output": [3, 2, 1]}}


def test_unknown_ports_and_what_is_no_dict():
    class Wrong(IterativePE):
        def process(self, inputs):
            return [1]

    graph = WorkflowGraph()
    graph.connect(t.TestProducer(), "output", t.TestIterative(), "in")
    with pytest.raises(Refused, match=r"test_compat.py:\d+: TestIterative1 has no input 'in' \(it has: 'input'\)"):
        process_and_return(graph, {})
    graph = WorkflowGraph()
    graph.connect(t.TestProducer(), "output", Wrong(), "input")
    with pytest.raises(TypeError, match="Wrong1: process must return a dict"):
        process_and_return(graph, {})


def test_the_testing_pes():
    graph, two = WorkflowGraph(), t.TestTwoInOneOut()
    producer = t.TestProducer(2)
    graph.connect(producer, "output0", two, "input0")
    graph.connect(producer, "output1", two, "input1")
    graph.connect(t.RandomWordProducer(), "output", t.WordCounter(), "input")
    results = process_and_return(graph, {producer: 2})
    assert results["TestTwoInOneOut1"] == {"output": ["1", "1", "2", "2"]}
    ((word, count),) = results["WordCounter3"]["output"]
    assert word in t.RandomWordProducer.words and count == 1


def test_process_prints(capsys):
    from d4p.compat.direct import process

    graph, producer = WorkflowGraph(), t.TestProducer()
    graph.add(producer)
    process(graph, {producer: 2})
    assert capsys.readouterr().out == (
        "Inputs: {'TestProducer0': 2}\nOutputs: {'TestProducer0': {'output': [1, 2]}}\n")


def test_a_wrapper_is_the_pe_it_wraps(installed):
    import copy

    from dispel4py.new.monitoring import MonitoringWrapper, ProcessTimingPE

    wrapped = ProcessTimingPE(t.TestOneInOneOut())
    assert isinstance(wrapped, t.TestOneInOneOut) and type(wrapped).__name__ == "TestOneInOneOut"
    graph = WorkflowGraph()
    graph.connect(t.TestProducer(), "output", wrapped, "input")
    assert list(process_and_return(graph, {"TestProducer": 3}).values()) == [{"output": [1, 2, 3]}]
    assert wrapped.times_count == 3
    duplicate = copy.deepcopy(wrapped)
    duplicate.times_count = 7
    assert duplicate.baseObject.times_count == 7 and wrapped.times_count == 3

    class Doubled(MonitoringWrapper):
        def process(self, inputs):
            return {"output": 2 * self.baseObject.process(inputs)["output"]}

    assert Doubled(t.TestOneInOneOut()).process({"input": 4}) == {"output": 8}


def test_provenance_gives_every_pe_the_methods_that_declare_it(installed):
    from dispel4py.provenance import GenericPE, SimpleFunctionPE

    assert GenericPE().update_prov_state("name", 1, metadata={}) is None
    pe = SimpleFunctionPE(lambda data: {"_d4p_prov": {"format": "text"}, "_d4p_data": data + 1})
    assert pe.process({"input": 1}) == {"output": 2}


def test_engines_that_are_not_here_can_be_imported_and_say_so(installed):
    from dispel4py.new.dynamic_redis import process

    with pytest.raises(Refused, match="no dynamic, Redis or ZeroMQ target"):
        process(WorkflowGraph(), {})


def test_the_oldest_simple_process_gives_results_by_pe_and_port(installed):
    from dispel4py import simple_process

    graph, producer = WorkflowGraph(), t.TestProducer()
    graph.add(producer)
    assert simple_process.process(graph, {producer: 2}) == {(producer.id, "output"): [1, 2]}


# Drawing.


def test_draw_is_stable_dot_text(tmp_path):
    graph = WorkflowGraph()
    graph.connect(t.TestProducer(), "output", create_iterative_chain([abs, lambda d: d]), "input")
    text = draw(graph)
    assert text == draw(graph)
    assert 'n0 [label="{ TestProducer0 | {<o0> output} }"];' in text and "n0:o0 -> n1:i0;" in text
    assert "cluster_0" in text and r"PE_\<lambda\>2" in text
    write_image(graph, tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text() == text


def test_drawing_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refused, match="apt install graphviz"):
        drawDot(WorkflowGraph())
