"""A file that is written whatever the item is, is state outside of the PE."""

import csv
import gzip
import importlib
import io
import logging
import logging.handlers
import os
import shelve
import sqlite3
import types
from gzip import open as zipped
from pathlib import Path

import numpy as np
import pytest

from d4p import IterativePE, SimpleFunctionPE
from d4p_compile.analysis import state_of

from .box import each, process_of

HERE, PLOTS = Path("out"), types.ModuleType("matplotlib.pyplot")
PLOTS.savefig = lambda path: None


class Writes(IterativePE):
    """What writes is put in for each test."""

    def __init__(self):
        IterativePE.__init__(self)
        self.path, self.folder = "out.txt", Path("out")


def w_append(self, item):
    with open("out.txt", "a") as file:
        file.write(str(item))


def w_mode_by_name(self, item):
    open(self.path, mode="wb").write(item)


def w_of_parts(self, item):
    name = os.path.join(str(self.folder), "%s.txt" % self.path)  # noqa: UP031
    with open(name, "a+") as file:
        print(item, file=file)


def w_path(self, item):
    target = HERE / f"{self.path}.log"
    with target.open("a") as file:
        file.write(item)


def w_text(self, item):
    (self.folder / "last").write_text(item)


def w_update(self, item):
    open(self.path, "r+b").write(item)


def w_gzip(self, item):
    gzip.open("all.gz", "ab").write(item)


def w_io(self, item):
    io.open("all", "x").write(item)  # noqa: UP020


def w_numpy(self, item):
    np.save(HERE / "sum.npy", item)


def w_csv(self, item):
    item.to_csv("all.csv")


def w_descriptor(self, item):
    os.write(os.open("all", os.O_WRONLY | os.O_APPEND), item)


def w_log_file(self, item):
    logging.FileHandler("all.log").emit(item)


def w_rotating(self, item):
    logging.handlers.RotatingFileHandler(self.path).emit(item)


def w_csv_rows(self, item):
    with open(self.path, "a", newline="") as file:
        csv.writer(file).writerow(item)


def w_printed(self, item):
    print(item, file=open(self.path, "a"))


def w_shelf(self, item):
    with shelve.open("all") as shelf:
        shelf[item] = 1


def w_database(self, item):
    with sqlite3.connect(self.path) as base:
        base.execute("INSERT INTO items VALUES (?)", (item,))


def w_database_that_is_committed(self, item):
    base = sqlite3.connect("all.db")
    base.execute(item)
    base.commit()


def w_database_by_a_script(self, item):
    sqlite3.connect("all.db").executescript(item)


def w_database_of_many(self, item):
    sqlite3.connect("all.db").executemany("select ?", item)


def w_array(self, item):
    item.tofile("all.bin")


def w_save(self, item):
    np.save("all.npy", item)


def w_saves(self, item):
    np.savez(self.path, item)


def w_saves_compressed(self, item):
    np.savez_compressed(self.folder / "all", item)


def w_save_as_text(self, item):
    np.savetxt("all.txt", item)


def w_by_environment(self, item):
    with open(os.path.join(os.environ["HOME"], os.getenv("NAME", ""), "all"), "a") as file:
        file.write(item)


def w_plot(self, item):
    PLOTS.savefig("all.png")


def w_figure(self, item):
    item.savefig("all.png")


def w_by_another_name(self, item):
    zipped("all.gz", "ab").write(item)


def r_default(self, item):
    return open(self.path).read() + item


def r_binary(self, item):
    with self.folder.open("rb") as file:
        return file.read()


def r_descriptor(self, item):
    return os.read(os.open("all", os.O_RDONLY), item)


def r_shelf(self, item):
    return shelve.open("all", flag="r")[item]


def r_database(self, item):
    return sqlite3.connect("all.db").execute("select a from items where b = ?", (item,)).fetchall()


def r_array(self, item):
    item.tofile(self.folder / f"{item[0]}.bin")


def r_saved_by_item(self, item):
    np.savetxt(f"{item[0]}.txt", item)


def r_by_item(self, item):
    with open(f"{item}.txt", "w") as file:
        file.write("x")


def r_by_local(self, item):
    number, rest = item
    path = self.folder / str(number)
    path.write_text(rest)


def r_by_loop(self, item):
    for part in item:
        with open(os.path.join(self.path, part), "w") as file:
            file.write(part)


def r_unique(self, item):
    open(f"{os.urandom(8).hex()}.txt", "w").write(item)


def r_changed_twice(self, item):
    path = "a"
    path = path + item
    open(path, "w").write(item)


def r_unknown_mode(self, item):
    open("known", item).close()


def r_not_a_mode(self, item):
    return self.folder.open("archive")


def r_of_each_other(self, item):
    first = second  # noqa: F821
    second = first  # noqa: F841
    open(first, "w").write(item)


def r_of_a_comprehension(self, item):
    open("".join([part for part in self.path]), "w").write(item)


def r_by_environment_of_the_item(self, item):
    open(os.environ[item], "w").write(item)


def _kept(function):
    made = type("Made", (Writes,), {"_process": function})
    return state_of(made())


@pytest.mark.parametrize("function", [f for name, f in list(globals().items()) if name.startswith("w_")])
def test_one_file_for_all_items(function):
    found = _kept(function)
    assert found.keeps and found.why.startswith("opens "), found
    assert ", the same file for every item, in w_" in found.why


@pytest.mark.parametrize("function", [f for name, f in list(globals().items()) if name.startswith("r_")])
def test_a_file_of_each_item_or_one_that_is_read(function):
    found = _kept(function)
    assert "the same file" not in found.why, found


def appends(item):
    with open("all.txt", "a") as file:
        file.write(item)


def writes(item, folder):
    with open(os.path.join(folder, item), "w") as file:
        file.write(item)


def test_functions_too():
    assert state_of(SimpleFunctionPE(appends)).why.startswith("calls appends, which opens 'all.txt' for writing, the ")
    assert not state_of(SimpleFunctionPE(writes, {"folder": "out"})).keeps


def saved(path, item):
    with open(path, "a") as file:
        file.write(item)


def saved_by_default(item, path="all.txt"):
    with open(path, "a") as file:
        file.write(item)


def saved_further(item, path):
    saved(path, item)


class Saves(Writes):
    def save(self, path, item):
        Path(path).write_text(item)


def to_one(self, item):
    saved("all.txt", item)


def to_one_by_name(self, item):
    saved(item=item, path=self.path)


def to_one_by_another(self, item):
    saved_further(item, str(self.folder / "all"))


def to_one_by_a_method(self, item):
    self.save(self.path, item)


def to_one_by_default(self, item):
    saved_by_default(item)


def to_one_by_default_and_a_name(self, item):
    saved_by_default(item=item)


def to_whichever(self, item):
    saved_by_default(**item)


def to_each(self, item):
    saved(item, self.path)
    saved_further(self.path, item)
    self.save(f"{item}.txt", self.path)


@pytest.mark.parametrize("function", [to_one, to_one_by_name, to_one_by_another, to_one_by_a_method,
                                      to_one_by_default, to_one_by_default_and_a_name, to_whichever, to_each])
def test_what_is_called_with_the_path(function):
    found = state_of(type("Made", (Saves,), {"_process": function})())
    assert found.keeps == (function not in (to_each, to_whichever)), found
    assert not found.keeps or "the same file for every item, in save" in found.why


def fake(name, function=None):
    """A library's module, or a function of it, where the library may not be installed."""
    module = types.ModuleType(name)
    made = types.FunctionType((lambda path: None).__code__, {"__name__": name}, function or "File")
    made.__module__ = name
    module.File = module.Dataset = module.connect = module.adapt = made
    return made if function else module


LIBRARIES = {name: importlib.import_module(name) for name in "io os codecs gzip bz2 lzma tarfile zipfile shelve dbm "
             "sqlite3".split()} | {name: fake(name) for name in ("h5py", "netCDF4", "psycopg2")}  # fmt: skip
LIBRARIES["savefig"] = fake("matplotlib.pyplot", "savefig")


@pytest.mark.parametrize("expression", [
    *each("NAME.open('all', 'w')", "io codecs gzip bz2 lzma tarfile"), "zipfile.ZipFile('all', 'a')",
    "h5py.File('all', 'w')", "netCDF4.Dataset('all', 'a')", "shelve.open('all')", "dbm.open('all', 'c')",
    "dbm.open('all', flag='n')", *each("os.open('all', os.NAME)", "O_WRONLY O_RDWR O_APPEND O_CREAT"),
    *each("x.NAME('all')", "to_csv to_parquet to_pickle to_hdf to_json to_excel savefig tofile"),
    *each("self.folder.NAME(x)", "write_text write_bytes"), "savefig('all')",
    *each("open('all', 'NAME')", "w wb wt a ab x xb w+ wb+ w+b r+ rb+ r+b a+"),
    *each("sqlite3.connect('all').execute('NAME t')", "insert UPDATE delete replace create drop alter"),
])  # fmt: skip
def test_what_opens_a_file_to_write_it(expression):
    assert "the same file for every item" in _kept(process_of(expression, **LIBRARIES)).why


@pytest.mark.parametrize("expression", [
    *each("NAME.open('all')", "io codecs gzip bz2 lzma tarfile dbm"), "zipfile.ZipFile('all')", "h5py.File('all', 'r')",
    "shelve.open('all', 'r')", "shelve.open('all', flag='r')", "dbm.open('all', 'r')", "os.open('all', os.O_RDONLY)",
    *each("open('all', 'NAME')", "r rb rt"), "other('all', 'w')", "write_text(x)", "to_csv('all')",
    "(psycopg2.connect('all'), x.commit())", "(sqlite3.adapt('all'), x.commit())", "sqlite3.connect('all').commits",
    "open(x[0], 'w')", "x.to_csv(x.name)",
])  # fmt: skip
def test_what_opens_a_file_to_read_it_or_of_each_item(expression):
    assert "the same file" not in _kept(process_of(expression, **LIBRARIES)).why


def test_an_open_of_the_users_own():
    function = types.FunctionType((lambda path, mode: path).__code__, {"__name__": "mine"}, "open")
    assert "the same file" not in _kept(process_of("open('all', 'w')", open=function)).why
