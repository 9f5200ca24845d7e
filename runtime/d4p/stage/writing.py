"""What a PE writes or returns, on its way to what it is wired to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from d4p.describe.failure import PeFailed
from d4p.errors import RunFailed
from d4p.graph.core import GenericPE
from d4p.stage.faults import FAILURES
from d4p.stage.joined import joined

if TYPE_CHECKING:
    from d4p.stage.outlet import Put


def overrides_write(pe: GenericPE) -> bool:
    """Whether a class has a `write` or `_write` of its own."""
    return _overrides(pe, "write") or _overrides(pe, "_write")


def _overrides(pe: GenericPE, method: str) -> bool:
    """Whether a method isn't GenericPE's own. Doesn't look into `vars(pe)`: see `d4p.graph.copies`."""
    return getattr(getattr(pe, method), "__func__", None) is not getattr(GenericPE, method)


def with_keywords(write: Callable[[str, Any], None]) -> Callable[..., None]:
    """`write`, handed more than a port and an item, which nobody looks at."""
    return lambda name, data, **ignored: write(name, data)


def writer_of(pe: GenericPE, ports: dict[str, Put], writers: dict[Put, Callable[..., Any]],
              fail: Callable[[BaseException], BaseException]) -> Callable[[str, Any], None]:
    """`pe.write` without the detours of a class that doesn't override it.

    Args:
        pe: whose it is.
        ports: what its ports are wired to.
        writers: of what it is wired to, those that need no call more to be written to (`outlet.Outlet.writer`).
        fail: called with what went wrong further on; gives what to raise.
    """

    def write(name: str, data: Any) -> None:
        try:
            put = ports[name]
        except KeyError:
            put = pe._other_writer(name)
        try:
            put(data)
        except FAILURES as error:
            raise fail(error) from None

    if len(ports) != 1:
        return write
    ((port, put),) = ports.items()
    if put in writers:
        return writers[put](port, write, fail, FAILURES)

    def write_only(name: str, data: Any) -> None:
        if name != port:
            write(name, data)
            return
        try:
            put(data)
        except FAILURES as error:
            raise fail(error) from None

    return joined(put, port, write, fail, FAILURES) or write_only


def sender_of(pe: GenericPE, ports: dict[str, Put]) -> Callable[[Any], None]:
    """The function that takes what `process` returned: `{port: item}`. Returning and writing are the same thing;
    `ports` are what is wired, by now or later."""
    overridden = overrides_write(pe)
    only: Any = object() if overridden or len(pe.outputconnections) != 1 else next(iter(pe.outputconnections))

    def send(result: Any) -> None:
        if type(result) is dict and len(result) == 1 and only in result:  # nearly always
            ports[only](result[only])
            return
        if not isinstance(result, dict):
            raise RunFailed(
                f"process of {pe.id} ({type(pe).__name__}) must return a dict of output port to item, or None; "
                f"it returned {type(result).__name__}: {result!r:.80}. Its outputs: {_known(pe)}"
            )
        if overridden:
            for port, item in result.items():
                pe.write(port, item)
            return
        for port, item in result.items():
            if port not in ports:
                raise RunFailed(
                    f"process of {pe.id} ({type(pe).__name__}) returned an item for {port!r}, which is not one of "
                    f"its outputs: {_known(pe)}"
                )
            ports[port](item)

    return send


def batch_sender_of(pe: GenericPE, name: str, index: int) -> Callable[[Any], None]:
    """The function that takes what `process_batch` returned: `{port: batch}`, or one after the other of them; the
    PE's name and its instance are told where it is something else."""
    from d4p.items.batch import read_only  # here, since few PEs work on batches

    def send(result: Any) -> None:
        if result is None:
            return
        several = isinstance(result, Iterable) and not isinstance(result, (dict, Sequence))
        for outputs in result if several else (result,):
            if outputs is None:
                continue
            for port, batch in outputs.items() if isinstance(outputs, dict) else [(None, outputs)]:
                put = None if port is None else pe._d4p_batches.get(port)
                if put is None or not isinstance(batch, Sequence) or isinstance(batch, (str, bytes)):
                    what = f"{type(batch).__name__} for {port!r}" if isinstance(outputs, dict) else \
                        type(outputs).__name__
                    raise PeFailed(
                        f"{name} ({type(pe).__name__}), instance {index}: "
                        f"process_batch must give {{port: d4p.Batch(...)}}, None, or several of them as a "
                        f"generator; it gave {what}. Its outputs: {_known(pe)}"
                    )
                put(read_only(batch))

    return send


def unforeseen(pe: GenericPE, port: str) -> Callable[[Any], None]:
    """What a port is wired to that, to go by its PE's source, nothing is written to. Raises RunFailed."""

    def send(item: Any) -> None:
        raise RunFailed(
            f"{pe.id} ({type(pe).__name__}) wrote to {port!r}, though reading its source showed only returns: "
            "say `writes = True` in the class"
        )

    return send


def _known(pe: GenericPE) -> str:
    return ", ".join(repr(port) for port in pe.outputconnections) or "none"
