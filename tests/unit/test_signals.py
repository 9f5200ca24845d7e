"""What an interrupt makes of what fails after it."""

import os
import signal

import pytest

from d4p.errors import Interrupted
from d4p.host.signals import Interrupts, before_failures


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_fails_on_the_way_out_of_an_interrupt_is_the_interrupt(number):
    with pytest.raises(Interrupted) as raised, Interrupts(), before_failures():
        try:
            os.kill(os.getpid(), number)
        finally:
            raise ConnectionError("Java is gone")
    assert isinstance(raised.value.__cause__, ConnectionError)


def test_what_fails_without_one_is_as_it_was():
    with Interrupts():
        pass
    with pytest.raises(ConnectionError), Interrupts(), before_failures():
        raise ConnectionError("Java is gone")
    with pytest.raises(ConnectionError), before_failures():  # nobody listens for one
        raise ConnectionError("Java is gone")
