"""Faults of the machine end with a sentence, whatever they are."""

from __future__ import annotations

import errno
import os

import pytest

from d4p.describe.boundary import kind, plain, reason
from d4p.errors import Refused, RunFailed
from d4p.workflow.results import Spool

FAULTS = {"ENOSPC": "make room there", "EACCES": "have its owner let you", "EMFILE": "ulimit -n", "EFBIG": "ulimit -f",
          "EROFS": "name another place", "EDQUOT": "make room there", "EAGAIN": "ulimit -u"}  # fmt: skip


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_fault_of_the_system_is_known(number):
    error = plain(OSError(number, os.strerror(number), "/some/file"))
    assert isinstance(error, RunFailed) and kind(error) == "failed" and error.exit_status == 1
    assert str(error).startswith(f"{os.strerror(number)}: /some/file")
    helps = FAULTS.get(errno.errorcode[number])
    assert helps is None or helps in str(error).lower().replace("ulimit -n", "ulimit -n")


def test_what_has_no_number_is_known_too():
    assert str(plain(TimeoutError("the server is silent"))) == "the server is silent"
    assert str(plain(ConnectionError())) == "ConnectionError" and str(plain(MemoryError())) == "memory ran out"
    assert reason(OSError(errno.EXDEV, "Cross-device link", "a", None, "b")) == "Cross-device link: a -> b"
    refused = Refused("no")
    assert plain(refused) is refused and kind(refused) == "refused"
    assert plain(KeyError("a bug")) is None and plain(KeyboardInterrupt()) is None


@pytest.mark.parametrize("fault", ["ENOSPC", "EACCES", "EMFILE", "EFBIG"])
@pytest.mark.parametrize("at", ["open", "write", "close"])
def test_results_that_cannot_be_kept(tmp_path, monkeypatch, fault, at):
    number = getattr(errno, fault)
    spool = Spool(tmp_path)

    class Full:
        """The system's calls, of which one fails."""

        def __getattr__(self, name):
            return failing if name == at else getattr(os, name)

    def failing(first, *rest):
        if at == "close":
            os.close(first)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("d4p.filesystems.appended.os", Full())
    with pytest.raises(RunFailed, match="the results of pe.output can't be kept: ") as failed:
        spool.part("pe", "output", 0)("item")
        spool.close()
    assert os.strerror(number) in str(failed.value) and "--output DIR writes them there instead" in str(failed.value)
