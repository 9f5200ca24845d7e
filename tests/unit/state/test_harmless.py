"""What changes while items come and changes no answer; and what looks like it and does."""

import csv
import json
import logging
import pickle
import sys
import time
import types

import pytest

from d4p_compile.analysis import state_of

from .box import Box, named, process_that, state_with

logger = logging.getLogger("d4p.tests")


def n_filled(self, item):
    if self.table is None:
        self.table = json.load(open(self.path))
    return self.table[item]


def n_filled_with(self, item):
    if not self.table:
        with open(self.path) as file:
            self.table = json.load(file)
        self.log("read")
    return self.table.get(item)


def n_filled_of_parts(self, item):
    if not hasattr(self, "names"):
        import csv as reader

        name = self.path + ".csv"
        self.names = dict(reader.reader(open(name)))
    for word in item:
        self.write("output", self.names[word])


def n_filled_by_a_method(self, item):
    if self.table is None:
        self.table = self.read()
    return self.table[item]


def n_logged(self, item):
    self.count += 1
    if self.count % 1000 == 0:
        self.log("%d items" % self.count)  # noqa: UP031
    return item


def n_logged_and_set_back(self, item):
    self.count = self.count + 1
    if self.count > 10 and True:
        logger.info("%s and %s", str(self.count), item)
        logging.debug(f"{self.count:,}")
        self.count = 0
    return item


def n_filled_and_logged(self, item):
    if self.table is None:
        self.table = self.read()
        self.log(f"{self.table} was read")
    return self.table[item]


def n_filled_and_used_to_put_something_elsewhere(self, item):
    if self.table is None:
        self.table = self.read()
    item[self.table] = 1
    return item


def n_asked_for_before_it_is_filled(self, item):
    if self.table is None:
        self.log("reading")
    if self.table is None:
        self.table = self.read()
    return self.table[item]


def n_filled_of_a_comprehension(self, item):
    if not hasattr(self, "squares"):
        self.squares = {n: n * n for n in range(100) if n % 2}
    return self.squares[item]


def n_a_model(self, item):
    if self.table is None:
        self.table = pickle.load(open(self.path, "rb"))
    return self.table.predict(item)


def n_time_that_is_logged(self, item):
    before = time.time()
    made = self.look_up(item)
    self.seconds += time.time() - before
    self.log(f"{self.seconds:.1f} s")
    return made


def n_printed(self, item):
    self.count += 1
    if self.count % 1000 == 0:
        print(self.count, "items")
    return item


def n_set_for_each_item(self, item):
    number, rest = item
    self.first = number
    self.first = self.first + 1
    return self.look_up(rest), self.first


def k_printed_to_a_file(self, item):
    self.count += 1
    print(self.count, file=sys.stderr)


def k_filled_of_the_comprehended_item(self, item):
    if self.table is None:
        self.table = [item for item in item]
    return self.table


def k_a_text_that_is_logged(self, item):
    self.path += item
    self.log(self.path)


def k_seconds_that_decide(self, item):
    self.seconds += item
    self.log(self.seconds)
    if self.seconds > 3:
        return item


def k_counted_by_what_writes(self, item):
    self.count += self.said(item)
    self.log(self.count)


def k_set_after_it_was_read(self, item):
    before = self.first
    self.first = item
    return before, self.first


def k_set_of_what_it_was(self, item):
    self.first = [self.first, item]
    return self.first


def k_filled_of_the_second_of_two(self, item):
    if self.table is None:
        self.table = [a + b for a in range(3) for b in item]
    return self.table


def k_set_of_what_reads_it(self, item):
    self.first = self.first_one()
    return self.first, item


def k_set_of_what_is_written(self, item):
    self.first = self.write("output", item)
    return self.first


def k_set_for_some_items(self, item):
    if item > 3:
        self.first = item
    return self.first


def k_set_after_a_method(self, item):
    before = self.first_one()
    self.first = item
    return before, self.first


def k_set_after_it_was_handed_out(self, item):
    asks = lambda: self.first  # noqa: E731
    before = asks()
    self.first = item
    return before


def n_filled_at_either_place(self, item):
    if item > 3:
        if self.table is None:
            self.table = self.read()
        return self.table[item]
    if self.table is None:
        self.log("reading")
        self.table = self.read()
    return self.table[0]


def k_filled_of_one_or_the_other(self, item):
    if item > 3:
        if self.table is None:
            self.table = self.read()
        return self.table[item]
    if self.table is None:
        self.table = {0: 1}
    return self.table[0]


def k_filled_of_locals_that_differ(self, item):
    if item > 3:
        path = "a.json"
        if self.table is None:
            self.table = json.load(open(path))
        return self.table[item]
    other = path = "b.json"
    if self.table is None:
        self.table = json.load(open(path))
    return self.table[0], other


def k_filled_of_other_locals(self, item):
    one = "a.json"
    if item > 3:
        if self.table is None:
            self.table = json.load(open(one))
        return self.table[item]
    another = "b.json"
    if self.table is None:
        self.table = json.load(open(another))
    return self.table[0]


def k_filled_by_a_with(self, item):
    if self.table is None:
        with open(self.path) as self.table:
            pass
    return item


def k_filled_with_another(self, item):
    if self.table is None:
        self.table, self.first = self.read(), 1
    return item


def k_counted_by_writing(self, item):
    self.count += len(self.write("output", item))
    self.log(self.count)


def k_counted_by_writing_the_old_way(self, item):
    self.count += len(self._write("output", item))
    self.log(self.count)


def k_counted_by_what_calls_another(self, item):
    self.count += self.twice(item)
    self.log(self.count)


def k_printed_to_the_item(self, item):
    self.count += 1
    print(self.count, file=item)


def k_given_to_what_logs_like_a_logger(self, item):
    self.count += 1
    item.info(self.count)


def k_told_a_logger_otherwise(self, item):
    self.count += 1
    logger.setLevel(self.count)


def k_counted_by_what_writes_too(self, item):
    self.count = self.count + self.said(item)
    self.log(self.count)


def k_filled_of_the_item(self, item):
    if self.first is None:
        self.first = item
    return item - self.first


def k_filled_of_what_changes(self, item):
    self.count += 1
    if self.first is None:
        self.first = self.count
    self.write("output", self.count)
    return self.first


def k_looked_at_before(self, item):
    new = self.table is None
    if self.table is None:
        self.table = self.read()
    return new, item


def k_not_always_filled(self, item):
    if self.table is None:
        if item > 3:
            self.table = self.read()
    return self.table, item


def k_left_before(self, item):
    if self.table is None:
        if item > 3:
            return None
        self.table = self.read()
    return item


def k_says_that_it_is_filled(self, item):
    if self.table is None:
        self.table = self.read()
        self.write("output", "header")
    return item


def k_says_so_later(self, item):
    new = False
    if self.table is None:
        self.table, new = self.read(), True
    return new, item


def k_says_so_by_a_local(self, item):
    new = False
    if self.table is None:
        self.table = self.read()
        new = True
    return new, item


def k_or_else(self, item):
    if self.table is None:
        self.table = self.read()
    else:
        self.write("output", item)


def k_filled_by_what_writes(self, item):
    if self.table is None:
        self.table = self.said(1)
    return item


def k_filled_and_changed(self, item):
    if self.table is None:
        self.table = {}
    self.table[item] = 1
    return len(self.table)


def k_filled_and_added_to(self, item):
    if self.table is None:
        self.table = []
    self.table.append(item)
    return list(self.table)


def k_a_file_that_moves_on(self, item):
    if self.table is None:
        self.table = open(self.path)
    return self.table.readline()


def k_a_file_that_is_written(self, item):
    if self.table is None:
        self.table = open("out.txt", "w")
    self.table.write(item)


def k_emptied(self, item):
    if self.table is None:
        self.table = self.read()
    value = self.table[item]
    self.table = None
    return value


def k_counted_and_given(self, item):
    self.count += 1
    return self.count, item


def k_counted_and_decided_by(self, item):
    self.count += 1
    if self.count % 2:
        return item


def k_counted_and_decided_by_else(self, item):
    self.count += 1
    if self.count > 3:
        self.log(self.count)
    else:
        return item


def k_counted_by_the_item_and_given_to_a_log_that_is_no_log(self, item):
    self.count += 1
    self.table.log(self.count)


def k_counted_and_a_key(self, item):
    self.count += 1
    self.log(self.count)
    item[self.count] = 0
    return item


def k_sums(self, item):
    self.seconds += item
    return self.seconds


def k_asks_by_name(self, item):
    if self.table is None:
        self.table = self.read()
    return getattr(self, item)


def k_hands_itself_over(self, item):
    if self.table is None:
        self.table = self.read()
    return csv.writer(self)


@pytest.mark.parametrize("function", named("n_", globals()))
def test_what_changes_no_answer(function):
    assert not state_with(function).keeps, state_with(function)


@pytest.mark.parametrize("function", named("k_", globals()))
def test_what_looks_like_it(function):
    assert state_with(function).keeps


@pytest.mark.parametrize("name", ["debug", "info", "warning", "error", "exception", "critical", "log"])
@pytest.mark.parametrize("base", ["logger", "logging"])
def test_logs(name, base):
    says = f"{base}.{name}({'10, ' if name == 'log' else ''}'%d', self.count)"
    assert not state_with(process_that("self.count += 1", says, logger=logger, logging=logging)).keeps
    assert state_with(process_that("self.count += 1", says)).keeps, "what it is isn't known"


@pytest.mark.parametrize("text", ["str", "repr", "format", "round", "int"])
def test_texts_that_are_logged(text):
    assert not state_with(process_that("self.count += 1", f"self.log({text}(self.count) + '!')")).keeps
    assert state_with(process_that("self.count += 1", f"self.log(sorted({text}(self.count)))")).keeps


def look_up(pe, key):
    return pe.count


def test_what_is_put_on_the_object_is_not_looked_through():
    """It may know the PE by another name than self."""
    pe = Box()
    pe._process = types.MethodType(n_logged, pe)
    assert state_of(pe).keeps and not state_with(n_logged).keeps
    pe = type("Made", (Box,), {"_process": n_logged})()
    assert not state_of(pe).keeps
    pe.look_up = types.MethodType(look_up, pe)
    assert state_of(pe).keeps


class SetFirst(Box):
    def last(self, item):
        return self.first

    def _process(self, item):
        self.first = item
        return self.last(item)


class AsksTheBase(SetFirst):
    def _process(self, item):
        before = super().last(item)
        self.first = item
        return before, self.first


class HasNoBase(SetFirst):
    def _process(self, item):
        before = len(item)
        self.first = item
        return before, self.first


def test_what_a_base_may_read_before_it_is_set():
    assert state_of(AsksTheBase()).keeps
    assert not state_of(SetFirst()).keeps and not state_of(HasNoBase()).keeps


class WithProperty(Box):
    @property
    def names(self):
        if self.table is None:
            self.table = json.load(open(self.path))
        return self.table

    def _process(self, item):
        return self.names[item]


class Gives(Box):
    def model(self):
        """Loaded once."""
        import pickle as reader

        if self.table is not None:
            return self.table
        self.log("loading")
        self.table = reader.load(open(self.path, "rb"))
        return self.table

    def _process(self, item):
        return self.model().predict(item)


class GivesAndSets(Box):
    """What gives it comes before what sets it."""

    def model(self):
        if self.table is not None:
            return self.table
        self.table = self.read()
        return self.table

    def _process(self, item):
        found = self.model()
        self.table = item
        return found


def test_who_gives_it_is_not_alone():
    assert state_of(GivesAndSets()).keeps


class GivesAnother(Gives):
    def model(self):
        if self.table is not None:
            return None
        self.table = self.read()
        return self.table


class GivesTheItem(Gives):
    def model(self, item=None):
        if self.table is not None:
            return self.table
        self.table = item
        return self.table

    def _process(self, item):
        return self.model(item)


class AndAnother(WithProperty):
    def _process(self, item):
        return self.names[item] if self.table else None


def test_methods_together():
    assert not state_of(Gives()).keeps and state_of(GivesAnother()).keeps and state_of(GivesTheItem()).keeps
    assert not state_of(WithProperty()).keeps and state_of(AndAnother()).keeps
