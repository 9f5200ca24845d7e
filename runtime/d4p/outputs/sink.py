"""An attempt as the file that pyarrow asks for."""

from __future__ import annotations

from typing import Any

from d4p.outputs.part import Attempt


class Sink:
    """Bytes go to the attempt, which is its owner's to close."""

    mode = "wb"
    closed = False

    def __init__(self, attempt: Attempt) -> None:
        self._attempt, self._at = attempt, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            self._attempt.write(data)
        except OSError as error:
            raise self._attempt.failed(error) from error
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
