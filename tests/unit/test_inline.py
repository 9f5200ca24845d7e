"""Which PEs are written out as an expression, and what sees that they are still so."""

import linecache
import os
import subprocess
import sys

import pytest

from d4p.graph.inline import lines, place_of, returns
from d4p_compile.analysis.inline import never_none, with_variable, written_out

from . import inlining


@pytest.mark.parametrize("pe, expression", [
    (inlining.Plus(), "item + self.n * self.unit"),
    (inlining.PlusByHeritage(), "item + self.n * self.unit"),
    (inlining.PlusOfTwo(), "item + self.n * self.unit"),
    (inlining.Pair(), "(item['word'], 1 if item['n'] > 0 else -1.0, [item['n']])"),
    (inlining.Same(), "item"),
    (inlining.SimpleFunctionPE(inlining.squared), "item * item"),
    (inlining.SimpleFunctionPE(inlining.half), "item / 2"),
    (inlining.Function(inlining.double), "item * 2"),
])
def test_one_expression_of_the_item_and_attributes_is_written_out(pe, expression):
    assert written_out(pe) == expression
    assert returns(pe, expression)


@pytest.mark.parametrize("cls", [
    inlining.PlusGlobal,  # a name that something may give another value
    inlining.AttributeOfAGlobal,
    inlining.Dunder,  # which may be anything
    inlining.Upper,  # a call
    inlining.Itself,  # the PE gets out of sight
    inlining.Counts,  # more than an expression
    inlining.Private,  # a name that is another outside the class
    inlining.Alters,  # another method, which may put something else in its place
    inlining.OwnProcess,
    inlining.Doubled,  # not the function that its source shows
    inlining.HasCalled,
    inlining.Remembers,  # an attribute that is a call
    inlining.Default,
    inlining.Binds,
    inlining.Rebinds,
    inlining.Slots,  # what is unusual isn't looked into
    inlining.Is,  # Python warns of some, wherever they are written
    inlining.Huge,  # Python may refuse to show it
    inlining.Lines,  # of which one fails
    inlining.Decorated,  # which may be another on another machine
    inlining.NoParams,
    inlining.Long,
    inlining.Consumes,
    inlining.General,
])
def test_whatever_may_do_more_is_called(cls):
    assert written_out(cls()) == ""


@pytest.mark.parametrize("function, params", [
    (inlining.larger, {}),
    (inlining.larger, {"than": 2}),
    (inlining.part, {}),  # a dict may come of it, which may be one with provenance
    (inlining.merged, {}),
    (inlining.closure(1), {}),
    (abs, {}),
])
def test_a_function_that_may_give_something_else_is_called(function, params):
    assert written_out(inlining.SimpleFunctionPE(function, params)) == ""


def test_what_can_not_be_read_is_called():
    names = {"IterativePE": inlining.IterativePE}
    exec("class Unread(IterativePE):\n    def _process(self, x):\n        return x\n", names)
    assert written_out(names["Unread"]()) == ""


@pytest.mark.parametrize("expression, never", [
    ("", False), ("item", False), ("None", False), ("1", True), ("(item, 1)", True), ("[item]", True), ("{}", True),
    ("not item", True), ("-item", False), ("item and 1", False), ("item < 1", False), ("1 if item else 2", True),
    ("1 if item else None", False), ("item if item else 1", False),
])  # fmt: skip
def test_which_expressions_are_never_none(expression, never):
    assert never_none(expression) is never


def test_another_function_is_seen():
    pe = inlining.SimpleFunctionPE(inlining.half)
    assert returns(pe, "item / 2") and not returns(pe, "item * 2")
    pe.compute_fn = inlining.double
    assert returns(pe, "item * 2") and not returns(pe, "item / 2")
    pe.params = {"x": 1}
    assert not returns(pe, "item * 2")


@pytest.mark.parametrize(("expression", "short"), [("item" + " + 1" * 14, True), ("item + 11" + " + 1" * 13, False)])
def test_longer_ones_are_no_easier_to_read_in_a_loop(expression, short):
    names: dict = {"IterativePE": inlining.IterativePE}
    lines = ["class Sum(IterativePE):\n", "    def _process(self, item):\n", f"        return {expression}\n"]
    file = f"sum of {len(expression)}.py"
    linecache.cache[file] = (1, None, lines, file)
    exec(compile("".join(lines), file, "exec"), names)
    assert written_out(names["Sum"]()) == (expression if short else "")


def test_thousands_of_operations_are_not_looked_into():
    names: dict = {"IterativePE": inlining.IterativePE}
    lines = ["class Sum(IterativePE):\n", "    def _process(self, x):\n", f"        return x{' + 1' * 500}\n"]
    linecache.cache["sum.py"] = (1, None, lines, "sum.py")
    exec(compile("".join(lines), "sum.py", "exec"), names)
    pe = names["Sum"]()
    assert pe._process(0) == 500 and written_out(pe) == ""


def test_the_dict_of_a_pe_is_not_asked_for():
    """Python 3.11 and 3.12 find attributes faster in an object whose dict nobody has seen."""

    class Watched(inlining.Plus):
        @property
        def __dict__(self):
            raise AssertionError("asked for")

    assert returns(Watched(), "item + self.n * self.unit")


def test_a_method_of_the_objects_own_may_put_something_in_its_place():
    pe = inlining.Plus()
    pe.preprocess = lambda: setattr(pe, "_process", lambda item: item * 3)
    assert written_out(pe) == ""


@pytest.mark.parametrize("compiled, run", [("0", "2"), ("2", "0"), ("2", "2")])
def test_docstrings_that_python_leaves_out_change_nothing(compiled, run, tmp_path):
    (tmp_path / "one.py").write_text(
        "from d4p import IterativePE, ProducerPE, WorkflowGraph\n"
        "class One(ProducerPE):\n    def _process(self, inputs):\n        return 1\n"
        "class Plus(IterativePE):\n    def _process(self, x):\n        'One more.'\n        return x + 1\n"
        "graph = WorkflowGraph()\ngraph.connect(One(), 'output', Plus(), 'input')\n"
    )
    command = [sys.executable, "-m", "d4p_compile", "compile", "one.py", "--target", "sequential", "-o", "made"]
    subprocess.run(command, cwd=tmp_path, check=True, env=os.environ | {"PYTHONOPTIMIZE": compiled}, timeout=120)
    assert "item = item + 1  # Plus" in (tmp_path / "made" / "job.py").read_text()
    done = subprocess.run([sys.executable, "made/job.py"], cwd=tmp_path, env=os.environ | {"PYTHONOPTIMIZE": run},
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0 and "Plus1.output: 1 item\n  2\n" in done.stdout, done.stderr


def test_a_function_put_on_the_object_is_called():
    pe = inlining.Plus()
    pe._process = lambda item: item * 3
    assert written_out(pe) == ""
    assert not returns(pe, "item + self.n * self.unit")


@pytest.mark.parametrize("expression", [
    "item + self.n", "item + self.unit * self.n", "item - self.n * self.unit", "item +", "self + item.n * item.unit",
])
def test_another_expression_is_seen(expression):
    assert not returns(inlining.Plus(), expression)


@pytest.mark.parametrize("like", ["1.0", "True", "'1'", "2"])
def test_constants_that_are_equal_but_no_more_are_told_apart(like):
    class One(inlining.IterativePE):
        def _process(self, item):
            return item + 1

    assert returns(One(), "item + 1")
    assert not returns(One(), f"item + {like}")


def test_the_pe_of_an_expression_is_a_variable_in_the_loop():
    assert with_variable("item + self.n * self.unit", "plus1") == "item + plus1.n * plus1.unit"


def test_lines_with_an_expression_are_found_among_those_of_a_loop():
    def loop(items):
        for item in items:
            item = item + 1
            if item is None:
                continue
            item = one._process(item)
            item = +item if item[1:] else (item, *one.n)
            one(item)

    def once(item):
        item = one._process(item)
        item = item * one.n

    one = None
    first = loop.__code__.co_firstlineno
    assert [line - first for line in lines(loop.__code__)] == [2, 6]
    assert [line - once.__code__.co_firstlineno for line in lines(once.__code__)] == [2]


@pytest.mark.parametrize("pe, line, name", [
    (inlining.Plus(), "        return number + me.n * me.unit", "_process"),
    (inlining.SimpleFunctionPE(inlining.squared), "    return x * x", "squared"),
    (inlining.SimpleFunctionPE(inlining.double), "half, double = lambda x: x / 2, lambda x: x * 2", "<lambda>"),
])
def test_the_place_of_an_expression_is_that_in_the_pes_source(pe, line, name):
    place = place_of(pe)
    assert (place.filename, place.name) == (inlining.__file__, name)
    assert open(inlining.__file__).read().splitlines()[place.lineno - 1] == line
