"""An attempt as the file that pyarrow asks for."""

from __future__ import annotations

from typing import Any

from d4p.outputs.part import Attempt


class Sink:
    """Bytes go to the attempt, which is its owner's to close. Arrow counts them by itself, and asks for no more than
    this."""

    mode = "wb"
    closed = False

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def write(self, data: Any) -> None:
        try:
            self._attempt.write(data)
        except OSError as error:
            raise self._attempt.failed(error) from error
