"""dispel4py.new.logger: a logger, and a way to log the exception being handled."""

from __future__ import annotations

import logging
import traceback

logger = logging.getLogger("dispel4py")


def print_stack_trace() -> None:
    """Logs the exception that is being handled, with its traceback."""
    logger.error(traceback.format_exc())
