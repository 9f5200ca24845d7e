"""What becomes of what a PE hands to another: to callables of the user's own, to classes, to `print`."""

import array
import collections
import csv
import functools
import json
import linecache
import re
import types
from unittest import mock

import numpy as np
import pytest

from d4p_compile.analysis import State, state_of

from .examples import CACHE, COUNTS, Box, Numbers, Rows, Tally, box, bump, find, g_rank, traced


class Fill:
    """A callable that keeps nothing, and puts something into what it is given."""

    def __call__(self, items):
        items.append(1)


FILL = Fill()


def aside(function):
    """A decorator whose function finds what it stands for by itself."""

    @functools.wraps(function)
    def inner(*args):
        return inner.__wrapped__(*args)

    return inner


@aside
def counts(x):
    COUNTS[x] += 1


def of_a_library(source, module="numpy"):
    """A function as an installed package has it, with its source."""
    name = f"/nowhere/site-packages/{len(linecache.cache)}.py"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names = {"__name__": module, "SEEN": [], "Box": Box}
    exec(compile(source, name, "exec"), names)
    return names["helper"]


class ToFile(Box):
    def __init__(self):
        Box.__init__(self)
        self.file = open("/dev/null", "w")  # noqa: SIM115


#: A user's function around a library's, which keeps what it has seen.
REMEMBERS = traced(of_a_library("def helper(x):\n    SEEN.append(x)\n"))
#: The same, and behind that is another of the user's.
BEHIND = of_a_library("def helper(x):\n    return helper.__wrapped__(x)\n")
BEHIND.__wrapped__ = counts.__wrapped__
BEHIND = traced(BEHIND)


SETTINGS = Tally()


def k_attribute_of_an_object(self, x):
    SETTINGS.table.update(x)


def n_attribute_of_an_object(self, x):
    return SETTINGS.table.get(x), SETTINGS.n


NAMES = {"__name__": "__main__"}
exec("def unread(items):\n    return items\n", NAMES)
UNREAD = NAMES["unread"]


def k_function_that_can_not_be_read(self, x):
    UNREAD(self.items)


def n_function_that_can_not_be_read(self, x):
    UNREAD([x])


def of_any_number(*lists):
    lists[1].append(1)


def put(items, x):
    items.append(x)


def put_by_name(**given):
    given["items"].append(1)


def k_by_name(self, x):
    put(x=x, items=self.items)


def k_by_any_name(self, x):
    put_by_name(items=self.items)


def n_by_any_name(self, x):
    put(x=self.n, items=[x])
    put_by_name(items=[x])


def k_for_all_of_them(self, x):
    return list(map(put, [self.items], [x]))


def k_partial_of_anything(self, x):
    return functools.partial(json.loads(x), self.items)


def k_one_of_any_number(self, x):
    of_any_number(x, self.items)


def n_one_of_any_number(self, x):
    of_any_number(self.n, [x])


def k_keys_of_a_comprehension(self, x):
    return {self.items.pop(): n for n in x}


def k_values_of_a_comprehension(self, x):
    return {n: self.items.pop() for n in x}


def k_sets_an_attribute(self, x):
    setattr(self, x, 1)


def k_out_of_a_method(self, x):
    x.sum(out=self.array)


def n_out_of_a_method(self, x):
    return x.sum(out=np.zeros(3)), self.array.sum()


def k_dunder_setattr(self, x):
    self.__setattr__("n", x)


def k_calls_an_object(self, x):
    SETTINGS(x)


def k_own_callable(self, x):
    FILL(self.items)


class Holder:
    """Of whose attributes one has another with the name of one of its own."""

    items = (1, 2)
    inner = Box()


def k_an_attribute_that_is_named_while_it_runs(self, x):
    getattr(Holder, x).items.append(1)


def k_elements_of_a_deque(self, x):
    for bucket in collections.deque(self.buckets):
        bucket.append(x)


def k_elements_of_a_proxy(self, x):
    for group in types.MappingProxyType(self.groups).values():
        group.append(x)


def k_wrapped(self, x):
    counts(x)


def k_wrapped_behind_a_library_s(self, x):
    return BEHIND(x)


def n_wrapped_library(self, x):
    return REMEMBERS(x)


class Hooked:
    """Has a function of the object's own, and takes any other name for one."""

    def __init__(self):
        self.hook = bump

    def __getattr__(self, name):
        return len


class Remembering:
    def __init__(self):
        self.asked = []

    def __getitem__(self, key):
        self.asked.append(key)
        return key


HOOKED, REMEMBERING = Hooked(), Remembering()


def k_function_of_an_object_s_own(self, x):
    HOOKED.hook()


def k_method_that_is_nowhere(self, x):
    HOOKED.other(x)


def k_item_of_an_object_that_remembers(self, x):
    return REMEMBERING[x]


def k_callable_for_a_library_s_function(self, x):
    return functools.reduce(self.remembers, x)


def n_callable_for_a_library_s_function(self, x):
    return functools.reduce(self.lookup, x)


def n_one_of_two_functions(self, x):
    return list(map(len if x else repr, [x]))


def k_default_by_name_alone(self, x, *, seen=CACHE):
    seen.append(x)


def k_looks_into_an_iterator(self, x):
    return x in self.lines


def n_looks_into_a_set(self, x):
    return x in self.seen, x not in self.items, 1 < x < self.n


def k_pairs_of_a_comprehension(self, x):
    return [group.append(x) for key, group in self.groups.items()]


def k_rest_of_a_comprehension(self, x):
    return [bucket.append(x) for first, *rest in [self.buckets] for bucket in rest]


def n_pairs_of_a_comprehension(self, x):
    return [key for key, group in self.groups.items()], [rest for first, *rest in x]


def n_imports(self, x):
    import json
    import os.path

    return json.loads(x), os.path.join(x)


def n_name_of_an_import(self, x):
    import os as CACHE  # noqa: N812

    CACHE.remove(x)


def k_least(self, x):
    min(self.buckets).append(x)


def k_hands_over_a_callable(self, x):
    FILL(self.remembers)


def n_hands_over_a_callable(self, x):
    FILL(self.finds)


def k_item_of_an_object(self, x):
    self.rows[x].append(1)


def n_part_of_a_text(self, x):
    self.text[x].other(1)


def n_own_callable(self, x):
    FILL([x])


def n_rows_of_a_reader(self, x):
    """A library's class makes its own of what it reads."""
    for row in csv.DictReader(self.items):
        row.update(x)


def n_elements_of_an_array(self, x):
    return [number.hex() for number in array.array("d", self.items)]


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("k_")])
def test_it_may_be_changed(process):
    assert state_of(box(process)).keeps


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("n_")])
def test_it_is_as_it_was(process):
    assert state_of(box(process)) == State(False, "no state found")


def passes_on(self, x):
    self.helper(self.items)


@pytest.mark.parametrize(("body", "keeps"), [("items.append(1)", True), ("return len(items)", False)])
def test_a_method_that_a_library_has_given_the_class_is_followed(body, keeps):
    helper = of_a_library(f"def helper(self, items):\n    {body}\n")
    assert state_of(type("Case", (Box,), {"_process": passes_on, "helper": helper})()).keeps == keeps


def prints(self, x):
    print(x, file=self.file)


def prints_flushed(self, x):
    print(x, flush=self.ids)


def test_a_file_that_is_printed_to_moves_on():
    cls = type("Case", (ToFile,), {"_process": prints})
    assert "prints to self.file" in state_of(cls()).why
    assert not state_of(box(prints_flushed)).keeps


def changes(self, *args, **kwargs):
    self.n = args


@pytest.mark.parametrize("name", [
    "preprocess", "_preprocess", "__init__", "__new__", "__init_subclass__", "__class_getitem__", "__set_name__",
    "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__del__",
    "setInputTypes", "getOutputTypes", "set_input_types", "get_output_types", "_add_input", "_add_output", "add_input",
    "add_output",
])  # fmt: skip
def test_what_runs_before_the_first_item_or_outside_of_the_run_may_change_it(name):
    cls = type("Case", (Box,), {"_process": lambda self, x: self.n})
    pe = cls()
    setattr(cls, name, changes)
    assert state_of(pe) == State(False, "no state found")


@pytest.mark.parametrize("name", ["__getitem__", "__call__", "close", "_postprocess"])
def test_other_methods_may_not(name):
    assert state_of(type("Case", (Box,), {"_process": lambda self, x: self.n, name: changes})()).keeps


@pytest.mark.parametrize("name", ["process", "_process", "process_batch", "postprocess", "_postprocess", "write",
                                  "_write"])  # fmt: skip
def test_what_the_engine_calls_is_no_setup_though_setup_calls_it_too(name):
    own = f"class helper(Box):\n    def __init__(self):\n        Box.__init__(self)\n        self.{name}(1)\n"
    own += f"    def {name}(self, *args):\n        self.n = 1\n"
    assert state_of(of_a_library(own, "__main__")()).keeps


@pytest.mark.parametrize(("process", "why"), [
    (k_attribute_of_an_object, "calls SETTINGS.table.update"), (g_rank, "reads self.rank"),
    (k_own_callable, "passes self.items to FILL"),
    (k_sets_an_attribute, "uses setattr(self) in k_sets_an_attribute"),
    (k_method_that_is_nowhere, "calls HOOKED.other in k_method_that_is_nowhere"),
])  # fmt: skip
def test_why(process, why):
    assert state_of(box(process)).why.startswith(why)


class Later(Box):
    """Of what it assigns before the first item the types are known at most."""

    def __init__(self):
        Box.__init__(self)
        self.data = Tally()

    def preprocess(self):
        self.data = [1]
        self.poly = np.polynomial.Polynomial([1, 2])
        self.mock = mock.Mock()
        self.generator = np.random.Generator(np.random.PCG64(1))
        self.total = unknown()
        self.document = json.loads("[]")


def unknown():
    return None


def calls_an_object_that_keeps_nothing(self, x):
    return self.poly(x)


def calls_a_library_s_object(self, x):
    return self.mock(x)


def calls_what_moves_on(self, x):
    return self.generator(x)


def adds_to_an_attribute(self, x):
    total = self.total
    total += x


def reads_on(self, x):
    """What a library's function gives may be a file."""
    return self.document.readline()


def looks_up(self, x):
    return self.document.get(x)


def hands_over_a_part(self, x):
    """A copy of the list that it will be, and no copy of the object that it is now."""
    FILL(self.data[:])


def hands_over_an_attribute(self, x):
    FILL(self.total)


def hands_over_what_is_inside(self, x):
    FILL(self.counts[x])


def adds_to_what_is_inside(self, x):
    n = self.counts[x]
    n += 1
    return n


@pytest.mark.parametrize(("process", "keeps"), [
    (calls_an_object_that_keeps_nothing, False), (calls_a_library_s_object, True), (calls_what_moves_on, True),
    (adds_to_an_attribute, True), (adds_to_what_is_inside, False), (hands_over_a_part, True),
    (reads_on, True), (looks_up, False), (hands_over_an_attribute, True), (hands_over_what_is_inside, False),
])  # fmt: skip
def test_objects_that_are_not_there_yet(process, keeps):
    assert state_of(type("Case", (Later,), {"_process": process})()).keeps == keeps


class Given(Box):
    """Library functions that have been given an object of the user's own."""

    def __init__(self):
        Box.__init__(self)
        self.following = functools.partial(next, Numbers())
        self.first = functools.partial(max, Rows())
        self.fill = FILL
        self.shuffle = self.rng.shuffle
        setattr(self, "__look", find)


def takes_the_following(self, x):
    return self.following()


def fills(self, x):
    self.fill(self.items)


def shuffles(self, x):
    self.shuffle(x)


def looks(self, x):
    return self.__look({}, x)


@pytest.mark.parametrize(("process", "why"), [
    (fills, "passes self.items to self.fill in fills, line "), (shuffles, "calls self.shuffle in shuffles, line "),
    (looks, "no state found"),
])  # fmt: skip
def test_what_an_attribute_is_called_with(process, why):
    assert state_of(type("Case", (Given,), {"_process": process})()).why.startswith(why)


def test_a_library_s_method_that_is_kept():
    assert state_of(type("Case", (Given,), {"_process": shuffles})()).why.endswith(" (a Random moves on)")


def looks_at_all(self, x):
    return self.first()


def test_next_of_an_object_moves_it_on():
    why = state_of(type("Case", (Given,), {"_process": takes_the_following})()).why
    assert why.startswith("calls self.following in takes_the_following, line ")
    assert why.endswith(", which changes a Numbers")
    assert state_of(type("Case", (Given,), {"_process": looks_at_all})()) == State(False, "no state found")


def test_adding_to_an_attribute_says_no_more_than_that():
    why = state_of(type("Case", (Later,), {"_process": adds_to_an_attribute})()).why
    assert re.fullmatch(r"changes self.total in adds_to_an_attribute, line \d+", why)


class Static(Box):
    @staticmethod
    def fill(out, n):
        out.append(n)


def fills_its_own(self, x):
    self.fill([], x)


def fills_the_pes(self, x):
    self.fill(self.items, x)


@pytest.mark.parametrize(("process", "keeps"), [(fills_its_own, False), (fills_the_pes, True)])
def test_a_static_method_has_no_self(process, keeps):
    assert state_of(type("Case", (Static,), {"_process": process})()).keeps == keeps


@pytest.mark.parametrize(("preprocess", "why"), [
    (lambda: None, "no state found"), (lambda: PE.write("output", 1), "writes in preprocess"),
    (lambda: PE._write("output", 1), "writes in preprocess"), (lambda: print(PE.rank), "reads self.rank"),
])  # fmt: skip
def test_a_preprocess_of_the_object_s_own(preprocess, why):
    pe = box(lambda self, x: x)
    pe.preprocess = preprocess
    assert state_of(pe).why == why


PE = Box()


def counts_up(self, *more):
    self.n += 1


def reads_n(self, *more):
    return self.n


@pytest.mark.parametrize("made", [
    lambda f: functools.partialmethod(f, 1), functools.cached_property, functools.singledispatchmethod, property],
    ids=["partialmethod", "cached_property", "singledispatchmethod", "property"])  # fmt: skip
@pytest.mark.parametrize(("function", "keeps"), [(counts_up, True), (reads_n, False)])
def test_functions_behind_other_attributes(made, function, keeps):
    cls = type("Case", (Box,), {"_process": lambda self, x: self.helper, "helper": made(function)})
    assert state_of(cls()).keeps == keeps
