"""Results: the items of outputs that nothing is connected to, spooled to files and read lazily."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from d4p.describe.boundary import reason
from d4p.describe.failure import pack_for
from d4p.errors import RunFailed
from d4p.filesystems.appended import Appended
from d4p.items.packing import unpack

_LENGTH = struct.Struct(">Q")
#: Items held back before they are packed; fewer where they are large, so that about 1 MiB is held.
_BATCH = 512


class Spool:
    """A folder with one file for each (PE, port, instance); several processes may write to it, each its own files."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open: list[_Part] = []

    def part(self, pe_id: str, port: str, instance: int) -> Callable[[Any], None]:
        """The function that adds one item."""
        part = _Part(self.folder, pe_id, port, instance)
        self._open.append(part)
        return part.add

    def close(self) -> None:
        """Write what is held back; a spool that wasn't closed is not read as a whole."""
        for part in self._open:
            part.close()
        self._open.clear()


class _Part:
    """One file: packed batches, each behind its length, and beside it, once it is complete, what it holds."""

    def __init__(self, folder: Path, pe_id: str, port: str, instance: int) -> None:
        number = 0
        while True:
            self.path = folder / f"{safe(pe_id)}.{safe(port)}-{instance:06d}-{number}.items"
            try:
                with _keeping(pe_id, port):
                    self.file = Appended(str(self.path))
                break
            except FileExistsError:
                number += 1
        self.head = {"pe": pe_id, "port": port, "instance": instance}
        self.held: list[Any] = []
        self.count = 0
        self.most = 1

    def add(self, item: Any) -> None:
        self.held.append(item)
        if len(self.held) >= self.most:
            self.flush()

    def flush(self) -> None:
        if self.held:
            blob = pack_for(f"{self.head['pe']}.{self.head['port']}", self.held)
            with _keeping(self.head["pe"], self.head["port"]):
                self.file.put(_LENGTH.pack(len(blob)))
                self.file.put(blob)
            self.count += len(self.held)
            self.most = max(1, min(_BATCH, 2 * len(self.held), (1 << 20) * len(self.held) // max(1, len(blob))))
            self.held.clear()

    def close(self) -> None:
        self.flush()
        with _keeping(self.head["pe"], self.head["port"]):
            self.file.close()
            self.path.with_suffix(".json").write_text(json.dumps(self.head | {"count": self.count}))


@contextmanager
def _keeping(pe_id: str, port: str) -> Iterator[None]:
    """What goes wrong within is the disk's fault, and no PE's."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise RunFailed(f"the results of {pe_id}.{port} can't be kept: {reason(error)}. --output DIR writes them there "
                        "instead") from None


def safe(text: str) -> str:
    """A PE's id or a port as part of a file name."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in str(text))[:80]


class Items:
    """The items of one result: a length, and an iterator that reads them from the spool."""

    def __init__(self, name: str, parts: list[tuple[Path, int]], owner: Any = None) -> None:
        self._name, self._parts = name, parts
        self._owner = owner  # the spool is there as long as somebody can read from it

    def __len__(self) -> int:
        return sum(count for _, count in self._parts)

    def __iter__(self) -> Iterator[Any]:
        for path, _ in self._parts:
            with open(path, "rb") as file:
                while head := file.read(_LENGTH.size):
                    yield from unpack(file.read(_LENGTH.unpack(head)[0]))

    def to_pandas(self) -> Any:
        """A DataFrame with a row an item, where items are dicts, NamedTuples or tuples (`d4p.workflow.dataframe`)."""
        from d4p.workflow.dataframe import to_pandas

        return to_pandas(self, self._name)

    def __repr__(self) -> str:
        return f"<{len(self)} items>"


class NoSuchResult(KeyError):
    """There is no result of that PE and port; says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Results(Mapping):
    """`{(PE id, port): Items}` of a spool, in order of PE and port; nothing is loaded until it is iterated.

    A PE may be given by its id, by its name in the plan or as itself, and alone where it has one result.

    Args:
        folder: the spool's.
        expected: the results that there are, whether they have items or not.
        names: `{name in the plan: PE id}`.

    Attributes:
        failures: of each PE at which items failed, where a policy took care of them: how many `failed`, were `skipped`
            and were `retried`, and `first`, of each kind of exception the message of the first.
    """

    def __init__(self, folder: str | Path, expected: Iterable[tuple[str, str]] = (),
                 names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self.failures: dict[str, dict[str, Any]] = {}
        self.spool: Any = None  # what is to live as long as the results do
        found: dict[tuple[str, str], list] = {key: [] for key in expected}
        for path in sorted(Path(folder).glob("*.json")):
            head = json.loads(path.read_text())
            parts = found.setdefault((head["pe"], head["port"]), [])
            parts.append((head["instance"], path.with_suffix(".items"), head["count"]))
        self._items = {(pe, port): Items(f"{pe}.{port}", [(p, n) for _, p, n in sorted(parts)], self)
                       for (pe, port), parts in found.items()}

    def __getitem__(self, key: Any) -> Items:
        pe, port = key if isinstance(key, tuple) and len(key) == 2 else (key, None)
        named = getattr(pe, "id", pe)
        ports = {p: items for (of, p), items in self._items.items() if of == named}
        ports = ports or {p: items for (of, p), items in self._items.items() if of == self._names.get(str(named))}
        if port is None and len(ports) == 1:
            return next(iter(ports.values()))
        if port is None or str(port) not in ports:
            raise NoSuchResult(self._unknown(str(named), port, sorted(ports)))
        return ports[str(port)]

    def _unknown(self, pe: str, port: Any, ports: list[str]) -> str:
        if ports and port is None:
            return f"{pe} has several results: {', '.join(f'results[{pe!r}, {p!r}]' for p in ports)}"
        names = {of: name for name, of in self._names.items()}
        known = ", ".join(f"{names.get(of, of)}.{p}" for of, p in self._items) or "none"
        asked = pe if port is None else f"{pe}.{port}"
        return f"there is no result {asked}: those that nothing is connected to are {known}"

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Results({self._items!r})"
