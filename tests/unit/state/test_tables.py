"""Dicts of what was found, which change no answer; and what looks like one and does."""

import pytest

from .box import named, state_with


def n_table(self, item):
    key = item[0]
    if key not in self.found:
        self.found[key] = self.look_up(key)
    return self.found[key], item


def n_table_tried_and_given(self, item):
    try:
        return self.found[item]
    except KeyError:
        value = self.found[item] = self.look_up(item)
        return value


def n_table_tried_and_given_behind(self, item):
    try:
        return self.found[item]
    except KeyError:
        self.log("new")
        value = self.look_up(item)
        self.found[item] = value
    return value


def n_table_tried_for_a_local(self, item):
    key = item["name"]
    try:
        value = self.found[key]
    except KeyError:
        value = self.look_up(key)
        self.found[key] = value
    self.write("output", (item, value))


def n_table_that_gives(self, item):
    value = self.found.get(item)
    if value is None:
        value = self.look_up(item)
        self.found[item] = value
    return value + 1


def n_table_that_gives_at_once(self, item):
    value = self.found.get(item[0], None)
    if value is None:
        self.found[item[0]] = value = self.look_up(item[0])
    return value, item


def n_table_by_default(self, item):
    return self.found.setdefault(item, self.look_up(item))


def n_table_that_has_it(self, item):
    if item in self.found:
        return self.found[item]
    value = self.look_up(item)
    self.found[item] = value
    return value


def n_table_that_has_it_or_else(self, item):
    if item in self.found:
        value = self.found[item]
    else:
        value = self.found[item] = self.look_up(item)
    return value


def n_table_by_a_local(self, item):
    if item not in self.found:
        value = self.look_up(item)
        self.found[item] = value
    return self.found[item]


def k_table_of_more_than_the_key(self, item):
    key = item[0]
    if key not in self.found:
        self.found[key] = item[1]
    return self.found[key]


def k_filter_of_doubles(self, item):
    if item not in self.seen:
        self.seen[item] = True
        return item


def k_table_whose_method_is_given(self, item):
    self.found[item] = self.look_up(item)
    return self.found.get


def k_table_that_says_of_some(self, item):
    if item in self.found:
        self.write("output", "again")
    else:
        self.found[item] = self.look_up(item)


def k_table_that_is_changed_afterwards(self, item):
    if item not in self.found:
        self.found[item] = self.look_up(item)
    self.found[item] = item + self.found[item]
    return self.found[item]


def k_table_that_is_counted(self, item):
    if item not in self.found:
        self.found[item] = self.look_up(item)
    return len(self.found)


def k_table_by_what_writes(self, item):
    if item not in self.found:
        self.found[item] = self.said(item)
    return self.found[item]


def k_table_that_says_what_was_seen(self, item):
    if item not in self.found:
        self.found[item] = self.look_up(item)
    else:
        self.write("output", "again")
    return self.found[item]


def k_key_that_changes(self, item):
    if item not in self.found:
        self.found[item] = self.look_up(item)
    item = item + 1
    return self.found[item]


def k_table_tried_and_counted(self, item):
    try:
        return self.found[item]
    except KeyError:
        self.count += 1
        self.found[item] = self.look_up(item)
    return self.found[item]


def k_table_of_a_count(self, item):
    try:
        return self.found[item]
    except KeyError:
        self.count += 1
        value = self.found[item] = self.count
        return value


def k_table_tried_of_more(self, item):
    key, rest = item
    try:
        return self.found[key]
    except KeyError:
        value = self.found[key] = self.look_up(rest)
        return value


def k_table_tried_that_says_so(self, item):
    try:
        return self.found[item]
    except KeyError:
        self.found[item] = self.look_up(item)
    return None


def k_table_tried_that_gives_something_else(self, item):
    try:
        return self.found[item]
    except KeyError:
        self.found[item] = self.look_up(item)
        return item


def k_table_tried_that_writes(self, item):
    try:
        value = self.found[item]
    except KeyError:
        self.write("output", "new")
        value = self.found[item] = self.look_up(item)
    return value


def k_table_tried_or_else(self, item):
    try:
        value = self.found[item]
    except KeyError:
        value = self.found[item] = self.look_up(item)
    else:
        self.write("output", "again")
    return value


def k_table_tried_for_another_local(self, item):
    value = None
    try:
        old = self.found[item]
    except KeyError:
        old = value = self.found[item] = self.look_up(item)
    return old, value


def k_table_tried_for_whatever(self, item):
    try:
        return self.found[item]
    except Exception:
        value = self.found[item] = self.look_up(item)
        return value


def k_table_of_two_kinds(self, item):
    key, first = item
    if first:
        return self.found.setdefault(key, self.look_up(key))
    return self.found.setdefault(key, key)


def k_table_tried_with_the_error(self, item):
    try:
        return self.found[item]
    except KeyError as error:
        self.found[item] = value = self.look_up(error.args[0])
        return value


def k_table_that_tells_when_it_has_it(self, item):
    if item in self.found:
        value = self.found[item]
        self.write("output", "seen")
    else:
        value = self.found[item] = self.look_up(item)
    return value


def n_table_that_is_never_filled(self, item):
    if item in self.found:
        return self.found[item]


def k_table_that_is_taken_from(self, item):
    return self.found.pop(item, self.look_up(item))


def k_table_that_is_a_list(self, item):
    if item not in self.items:
        self.items[item] = self.look_up(item)
    return self.items[item]


def k_table_with_another_call(self, item):
    if item not in self.found:
        sorted(item)
        self.found[item] = self.look_up(item)
    return self.found[item]


def k_table_of_what_the_item_is_at_the_time(self, item):
    key, value = item
    return self.found.setdefault(key, value)


def k_two_kinds_of_guards(self, item):
    key, first = item
    if first:
        if key not in self.found:
            self.found[key] = 1
        return self.found[key]
    if key not in self.found:
        self.found[key] = 2
    return self.found[key]


def k_table_under_two_keys(self, item):
    if item not in self.found:
        self.found[item] = self.look_up(item)
    return self.found.get(0)


def k_table_that_is_looked_into(self, item):
    new = self.found.get(item) is None
    value = self.found.setdefault(item, self.look_up(item))
    return new, value


def k_table_that_gives_and_says_so(self, item):
    value = self.found.get(item)
    if value is None:
        value = self.found[item] = self.look_up(item)
        self.write("output", value)


def k_table_that_gives_more(self, item):
    value = self.found.get(item)
    if value is None:
        self.found[item] = self.look_up(item)
    return value


def k_table_whose_size_is_read(self, item):
    value = self.found.setdefault(item, self.look_up(item))
    return value, len(self.found)


def k_table_that_is_gone_through(self, item):
    try:
        value = self.found[item]
    except KeyError:
        value = self.found[item] = self.look_up(item)
    return value, list(self.found)


def k_table_that_is_emptied(self, item):
    value = self.found.setdefault(item, self.look_up(item))
    if value > 10:
        self.found.clear()
    return value


def k_groups(self, item):
    key, value = item
    self.found.setdefault(key, []).append(value)
    return self.found[key]


def k_groups_by_a_local(self, item):
    key, value = item
    mine = self.found.setdefault(key, [])
    mine.append(value)
    return list(mine)


def k_groups_that_are_tried(self, item):
    key, value = item
    try:
        mine = self.found[key]
    except KeyError:
        mine = self.found[key] = []
    mine.append(value)
    return list(mine)


def k_models_that_learn(self, item):
    model = self.found.get(item[0])
    if model is None:
        model = self.found[item[0]] = self.look_up(item[0])
    return model.observe(item[1])


@pytest.mark.parametrize("function", named("n_", globals()))
def test_what_changes_no_answer(function):
    assert not state_with(function).keeps, state_with(function)


@pytest.mark.parametrize("function", named("k_", globals()))
def test_what_looks_like_it(function):
    assert state_with(function).keeps
