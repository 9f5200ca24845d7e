"""A module that another thread is importing isn't there yet: its names aren't asked for."""

import sys
import threading
import types
from importlib.machinery import ModuleSpec

import pytest

from d4p.host.imported import imported
from d4p.items import batch, packing, schema
from d4p.items.arrays import pack_arrays
from d4p.items.itemjson import dumps_json
from d4p.keys import foreign


@pytest.fixture
def half(monkeypatch):
    """numpy and obspy as they are while they are imported."""
    for name in ("numpy", "obspy.core.utcdatetime", "obspy.core.util.attribdict"):
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__spec__._initializing = True
        monkeypatch.setitem(sys.modules, name, module)


ITEMS = [[1, {2}], {"a": [3.5]}, (b"x", [None])]


@pytest.mark.parametrize("use", [
    lambda: packing.unpack(packing.pack(ITEMS)),
    lambda: [packing.own(item) for item in ITEMS],
    lambda: pack_arrays(ITEMS, 1),
    lambda: [dumps_json(item) for item in (*ITEMS, object)],
    lambda: batch._column(ITEMS),
    lambda: schema._array_check("float64")((1,)),
    lambda: foreign.encoder(frozenset, lambda key, above: b""),
], ids=["pack", "own", "arrays", "json", "columns", "schema", "keys"])  # fmt: skip
def test_items_are_looked_at_while_a_module_is_imported_elsewhere(use, half):
    use()


def test_a_module_is_there_when_its_import_is_over(tmp_path, monkeypatch):
    (tmp_path / "takes_its_time.py").write_text("import threading\nbegun.set()\nassert go_on.wait(60)\n")
    begun, go_on = threading.Event(), threading.Event()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.begun", begun, raising=False)
    monkeypatch.setattr("builtins.go_on", go_on, raising=False)
    importing = threading.Thread(target=__import__, args=("takes_its_time",), daemon=True)
    assert imported("takes_its_time") is None
    importing.start()
    assert begun.wait(60)
    assert imported("takes_its_time") is None
    go_on.set()
    importing.join(60)
    assert imported("takes_its_time") is sys.modules.pop("takes_its_time")
