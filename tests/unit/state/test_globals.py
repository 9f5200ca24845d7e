"""Globals that are filled once, by whichever item comes first; and what looks like it and is state."""

import importlib
import importlib.util
import sys
import textwrap
from itertools import count

import pytest

from d4p_compile.analysis import state_of

BEGIN = """
import json
import pickle

from d4p import IterativePE

model = None
count = 0


class Model:
    def __init__(self):
        self.seen = 0

    def predict(self, item):
        return item

    def observe(self, item):
        self.seen += 1
        return self.seen


def load(path):
    return json.load(open(path))


class Box(IterativePE):
    path = "a.json"

"""


@pytest.fixture
def keeps(tmp_path, monkeypatch):
    """Whether the PE `Box` of a module keeps state, whose `_process` is a text, with more functions."""

    numbers = count()

    def asked(process: str, more: str = "", beside: str = "") -> bool:
        if beside:
            (tmp_path / "d4p_tests_beside.py").write_text(textwrap.dedent(beside))
            monkeypatch.syspath_prepend(str(tmp_path))
            monkeypatch.delitem(sys.modules, "d4p_tests_beside", raising=False)
            importlib.invalidate_caches()
        path = tmp_path / f"d4p_tests_globals{next(numbers)}.py"
        text = textwrap.indent(textwrap.dedent(process), "    ")
        path.write_text(BEGIN.rstrip("\n") + "\n\n" + text + "\n\n" + textwrap.dedent(more))
        spec = importlib.util.spec_from_file_location("d4p_tests_globals", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "d4p_tests_globals", module)
        spec.loader.exec_module(module)
        return state_of(module.Box()).keeps

    return asked


FILLED = """
def _process(self, item):
    global model
    if model is None:
        model = {made}
    return model.predict(item)
"""
GIVES = """
def get():
    global model
    if model is None:
        model = {made}
    return model
"""


@pytest.mark.parametrize("made", ["pickle.load(open('m.pickle', 'rb'))", "Model()"])
def test_filled_by_whoever_comes_first(keeps, made):
    assert not keeps(FILLED.format(made=made))
    assert not keeps("def _process(self, item):\n    return get().predict(item)", GIVES.format(made=made))


def test_filled_with_what_a_function_loads(keeps):
    process = """
    def _process(self, item):
        global model
        if not model:
            path = "a.json"
            model = load(path)
        return model[item]
    """
    assert not keeps(process)
    assert keeps(process, "def looks():\n    return model is None")
    assert keeps(process, "def forgets():\n    global model\n    model = None")
    assert keeps(process, "def counts():\n    return [n for n in model]")
    assert keeps(process, "def later():\n    return lambda: model")
    assert not keeps(process, "def another(model):\n    return model")
    assert not keeps(process, "def its_own():\n    model = 3\n    return model")


def test_given_where_it_is_there(keeps):
    more = """
    def get():
        global model
        if model is not None:
            return model
        model = pickle.load(open("m.pickle", "rb"))
        return model
    """
    assert not keeps("def _process(self, item):\n    return get().predict(item)", more)
    assert keeps("def _process(self, item):\n    return get() is model", more)


@pytest.mark.parametrize("process", [
    # a counter beside it, and one that it is made of
    """
    def _process(self, item):
        global model, count
        if model is None:
            model = load("a.json")
            count += 1
        return model[item]
    """,
    """
    def _process(self, item):
        global model, count
        count += 1
        if model is None:
            model = load(count)
        return model[item]
    """,
    # of the item, or of an attribute, which another PE that has the same global has otherwise
    """
    def _process(self, item):
        global model
        if model is None:
            model = item
        return item - model
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = load(self.path)
        return model[item]
    """,
    # it says so
    """
    def _process(self, item):
        global model
        new = model is None
        if model is None:
            model = load("a.json")
        return new, item
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = load("a.json")
            self.write("output", "new")
        return model[item]
    """,
    # emptied, filled with two things, changed
    """
    def _process(self, item):
        global model
        if model is None:
            model = load("a.json")
        value = model[item]
        model = None
        return value
    """,
    """
    def _process(self, item):
        global model
        if item:
            if model is None:
                model = load("a.json")
            return model[item]
        if model is None:
            model = load("b.json")
        return model[item]
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = []
        model.append(item)
        return list(model)
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = {}
        model[item] = 1
        return len(model)
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = Model()
        return model.observe(item)
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = open("a.txt")
        return model.readline()
    """,
    """
    def _process(self, item):
        global model
        if model is None:
            model = load("a.json")
        self.kept = model
        return item
    """,
    # nothing that could be filled
    """
    def _process(self, item):
        global count
        if not count:
            count = load("a.json")
        return count
    """,
])  # fmt: skip
def test_what_looks_like_it(keeps, process):
    assert keeps(process)


def test_a_local_of_the_name_of_a_global_that_is_filled(keeps):
    gives = GIVES.format(made="load('a.json')")
    assert not keeps("def _process(self, item):\n    model = [item]\n    model.append(1)\n    return model", gives)
    assert not keeps("def _process(self, model):\n    model.append(1)\n    return model", gives)


FILLS = """
def _process(self, item):
    global model
    numbers = (n for n in item)
    if model is None:
        model = {1: 2}
    return [n for n in model], list(numbers)
"""


@pytest.mark.parametrize("binds", [
    "import json as model", "import model", "from json import load as model", "with open('a') as model:\n        pass",
    "try:\n        pass\n    except ValueError as model:\n        pass", "for model in ():\n        pass",
    "match 1:\n        case model:\n            pass", "match [1]:\n        case [*model]:\n            pass",
])  # fmt: skip
def test_a_global_that_is_bound_otherwise_too(keeps, binds):
    assert not keeps(FILLS, "def other():\n    global count\n    count = 1\n")
    assert keeps(FILLS, f"def other():\n    global model\n    {binds}\n")


@pytest.mark.parametrize("made, use", [("[]", "append(item)"), ("{}", "update(item)"), ("Model()", "observe(item)"),
                                       ("open('a')", "readline()")])
def test_what_is_given_and_changed(keeps, made, use):
    assert keeps(f"def _process(self, item):\n    return get().{use}", GIVES.format(made=made))


def test_who_looks_at_it_elsewhere_may_find_nothing_yet(keeps):
    assert not keeps(FILLED.format(made="Model()"), "def peek(model):\n    return model\n")
    assert keeps(FILLED.format(made="Model()"), "def peek():\n    return model\n")


def test_what_another_module_has(keeps):
    beside = "import pickle\n\nmodel = None\n\n" + GIVES.format(made="pickle.load(open('m.pickle', 'rb'))")
    asks = "import d4p_tests_beside as beside\n"
    assert not keeps("def _process(self, item):\n    return beside.get().predict(item)", asks, beside)
    assert keeps("def _process(self, item):\n    return beside.model is None, beside.get().predict(item)", asks, beside)


def test_another_function_that_looks_at_it_and_is_never_called(keeps):
    process = "def _process(self, item):\n    return get().predict(item)"
    made = GIVES.format(made="Model()")
    assert not keeps(process, made)
    assert keeps(process, made + "\n\ndef is_there():\n    return model is not None\n")


def test_an_attribute_of_an_object_beside_it_is_no_global(keeps):
    beside = """
    model = None

    class Box:
        model = 3

    box = Box()

    def get():
        global model
        if model is None:
            model = Box()
        return model
    """
    asks = "import d4p_tests_beside as beside\n"
    assert not keeps("def _process(self, item):\n    return beside.box.model + item", asks, beside)
    assert keeps("def _process(self, item):\n    return beside.model, item", asks, beside)
