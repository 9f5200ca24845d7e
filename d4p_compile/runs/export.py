"""Records as documents of MongoDB: each file of a record in the collection of its name, each line of one a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from d4p.errors import Refused
from d4p.record.masked import text

from .folder import Run

#: The database, and the seconds to wait for a server, where the URL says nothing; documents that are sent together.
DATABASE, _PATIENCE, _TOGETHER = "d4p", 5, 500
#: A whole number beyond this has no place in a document.
_LARGEST = 1 << 63

Document = dict[str, Any]


def documents(run: Run) -> Iterator[tuple[str, Document]]:
    """The documents of a run, each with its collection. `_id` is the run's id, with a number where there are several;
    `run` is the id in each."""
    for name, content in (("runs", run.about), ("plans", run.plan), ("summaries", run.summary)):
        if content:
            yield name, {"_id": run.id, "run": run.id, **_kept(content)}
    for name, several in (("samples", run.samples), ("inputs", run.inputs), ("errors", run.errors)):
        for number, content in enumerate(several, 1):
            yield name, {"_id": f"{run.id}/{number}", "run": run.id, **_kept(content)}
    if run.log:
        yield "logs", {"_id": run.id, "run": run.id, "text": run.log}


def _kept(value: Any) -> Any:
    """A value as a document may have it."""
    if isinstance(value, dict):
        return {str(name).replace("\0", ""): _kept(each) for name, each in value.items() if name != "_id"}
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return float(value) if type(value) is int and not -_LARGEST <= value < _LARGEST else value


def export(runs: Iterable[Run], url: str) -> Iterator[str]:
    """Put the documents of runs into a database, in the place of those of an earlier export; gives the ids of the runs
    as they are done. Raises Refused."""
    if urlsplit(url).scheme not in ("mongodb", "mongodb+srv"):
        raise Refused(f"runs are exported to MongoDB: give --to mongodb://HOST/DATABASE; it is {text(url)!r}")
    try:
        import pymongo
        from pymongo.errors import PyMongoError
    except ImportError:
        raise Refused("to export to MongoDB takes a package: pip install 'd4p_compile[mongodb]'") from None
    try:
        patience: dict[str, Any] = {"serverSelectionTimeoutMS": 1000 * _PATIENCE}
        with pymongo.MongoClient(url, **({} if "serverSelectionTimeoutMS" in url else patience)) as client:
            database = client.get_default_database(DATABASE)
            for run in runs:
                _put(database, run, pymongo.ReplaceOne)
                yield run.id
    except (PyMongoError, ValueError, OverflowError) as error:
        raise Refused(f"{text(url)} doesn't take the runs: {_first(error)}") from None


def _put(database: Any, run: Run, replace: Any) -> None:
    waiting: dict[str, list[Any]] = {}
    for name, document in documents(run):
        mine = waiting.setdefault(name, [])
        mine.append(replace({"_id": document["_id"]}, document, upsert=True))
        if len(mine) == _TOGETHER:
            database[name].bulk_write(mine, ordered=False)
            mine.clear()
    for name, mine in waiting.items():
        if mine:
            database[name].bulk_write(mine, ordered=False)


def _first(error: Exception) -> str:
    """What the driver says, without the state of all that it knows."""
    return text(str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0])
