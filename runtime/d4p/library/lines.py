"""`ReadLines`: text files, line by line, in splits."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from d4p.errors import Refused, RunFailed
from d4p.filesystems import locate
from d4p.filesystems.paths import Path
from d4p.library.malformed import replacing
from d4p.library.reader import Reader

_COMPRESSED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeDecodeError)
#: A byte that is no text, as it is decoded to be told from text.
_LONE = re.compile("[\udc80-\udcff]")
_BUFFER = 1 << 20
#: Bytes of a piece where nobody says how many, and how many pieces there are of what is less than so many of the most.
_LEAST, _MOST, _PIECES = 64, 16 << 20, 64
# Encodings in which the bytes \r and \n may mean something else, depending on what went before.
_SHIFTING = ("utf_7", "utf-7", "hz", "iso2022")


class Split(NamedTuple):
    """The bytes from `start` up to `end` of a file; `end` is None for a file that is read as a whole."""

    source: str
    name: str
    start: int
    end: int | None


class ReadLines(Reader):
    r"""A root that writes each line of text files to `output`, a str without its line end.

    A line ends with \n, \r\n or \r, and with nothing else (\x0b or \u2028 are characters of a line). A UTF-8 byte
    order mark at the beginning is left out. Files that end in .gz, .bz2 or .xz are decompressed. Lines of a file come
    in order from one instance; files are sorted by name.

    Args:
        path: a file, a folder (the files directly in it), a glob (`**` for folders), a URL, or a list of those.
        encoding: of the text.
        errors: what becomes of bytes that aren't text in this encoding, on every target alike: `"replace"` puts U+FFFD
            in their place, and each instance logs the first file in which it does; with `"strict"` the line can't be
            read, so the run fails, or `on_error` has that line left out or set aside (as bytes; of an encoding that
            has more than a byte for each ASCII character, such as UTF-16, the whole file).
        split_bytes: files are read in pieces of this many bytes, so that several instances can share one. By default a
            64th of all there is, and never more than 16 MiB: so what follows on the lines of a small file, too, is
            work for as many instances as the run is wide. Compressed files and UTF-16 and the like are read as a whole.

    Raises:
        Refused: no such encoding, `errors` is neither of them, or `split_bytes` below 1.
    """

    _told = False  # of malformed input

    def __init__(self, path: Path, encoding: str = "utf-8", split_bytes: int | None = None,
                 errors: str = "replace") -> None:
        Reader.__init__(self, path)
        if errors not in ("replace", "strict"):
            raise Refused(f"errors of ReadLines must be \"replace\" or \"strict\"; it is {errors!r}")
        if isinstance(split_bytes, bool) or not isinstance(split_bytes, int | None) or split_bytes is not None and \
                split_bytes < 1:
            raise Refused(f"split_bytes must be a number of bytes from 1; it is {split_bytes!r}")
        self.encoding, self.splittable = _checked(encoding)
        self.split_bytes, self.errors = split_bytes, errors

    def plan_splits(self) -> list[Split]:
        """Pieces of `split_bytes`; files without a byte have none. Raises Refused where there is no file."""
        splits = []
        files = self.files()
        piece = self.split_bytes or max(_LEAST, min(_MOST, -(-sum(file.size or 0 for file in files) // _PIECES)))
        for source, name, size in files:
            if size is None or not self.splittable or _suffix(name) in _COMPRESSED:
                splits.append(Split(source, name, 0, None))
            else:
                splits += [Split(source, name, at, min(at + piece, size)) for at in range(0, size, piece)]
        return splits

    def read(self, split: Split) -> Iterator[str]:
        """The lines that begin in a split."""
        fs, _ = locate(split.source)
        name = fs.unstrip_protocol(split.name)
        try:
            with fs.open(split.name, "rb") as file, _opened(file, split) as data:
                if self.errors == "strict":
                    yield from self.parsed(self._whole_or_bytes(self._lines(data, split, "surrogateescape")))
                    return
                with replacing(lambda: self.tell_of_malformed(name)) as errors:
                    yield from self._lines(data, split, errors)
        except _BROKEN as error:
            raise RunFailed(f"{self.id} can't read {name}: {getattr(error, 'strerror', None) or error}") from error

    def _lines(self, data: Any, split: Split, errors: str) -> Iterator[str]:
        encoding = "utf-8-sig" if self.encoding == "utf-8" and split.start == 0 else self.encoding
        for line in io.TextIOWrapper(data, encoding, errors, newline=None):
            yield line.rstrip("\n")  # the one that ends it: the wrapper made it of \r\n and \r, too

    def _whole_or_bytes(self, lines: Iterator[str]) -> Iterator[str | bytes]:
        """Lines; one that holds what is no text, as lone surrogates, as the bytes it was."""
        for line in lines:
            yield line if line.isascii() or not _LONE.search(line) else line.encode(self.encoding, "surrogateescape")

    def parse(self, record: str | bytes) -> str:
        """The line that `record` is."""
        return record if isinstance(record, str) else record.decode(self.encoding, self.errors)

    def tell_of_malformed(self, name: str) -> None:
        """Log once that malformed input was replaced, in a file."""
        if not self._told:
            self._told = True
            self.log(f"{name} has bytes that are no {self.encoding}: U+FFFD stands in their place, here and in what "
                     "else this instance reads (with errors=\"strict\" such a line can't be read)")


def line_start(file: BinaryIO, offset: int) -> int:
    r"""Where the first line begins that begins at `offset` or behind it; the file's size where there is none.

    >>> [line_start(io.BytesIO(b"ab\r\ncd"), offset) for offset in range(7)]
    [0, 4, 4, 4, 4, 6, 6]
    """
    if offset == 0:
        return 0
    at = file.seek(offset - 1)  # the byte before: a line end there may make `offset` a beginning
    carriage = False
    while chunk := file.read(_BUFFER if at >= offset else 1024):
        if carriage:
            return at + (chunk[0] == 0x0A)
        ends = [end for end in (chunk.find(b"\n"), chunk.find(b"\r")) if end >= 0]
        if ends:
            end = min(ends)
            carriage = chunk[end] == 0x0D
            if not carriage or end + 1 < len(chunk):
                return at + end + 1 + (carriage and chunk[end + 1] == 0x0A)
        at += len(chunk)
    return at


class _Slice(io.RawIOBase):
    """Some bytes of an open file."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file, self._left = file, end - start
        file.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _opened(file: BinaryIO, split: Split) -> Any:
    """The bytes of the lines that begin in a split."""
    if split.end is None:
        return _COMPRESSED.get(_suffix(split.name), io.BufferedReader)(file)
    start = line_start(file, split.start)
    end = line_start(file, split.end) if start < split.end else start
    return io.BufferedReader(_Slice(file, start, end), _BUFFER)


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower()


def _checked(encoding: str) -> tuple[str, bool]:
    """An encoding by its usual name, and whether a line end can be found in it from anywhere."""
    try:
        plain = "\r\n".encode(encoding) == b"\r\n"
        name = codecs.lookup(encoding).name
    except (LookupError, TypeError):
        raise Refused(f"there is no text encoding {encoding!r}; the usual ones are utf-8, latin-1 and cp1252") from None
    if name == "utf-8-sig":
        return "utf-8", True
    return name, plain and not name.startswith(_SHIFTING)
