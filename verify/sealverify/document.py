"""A PDF as a row of revisions: the bytes, what qpdf makes of them, their form fields and every signature in them.

qpdf reads (see docs/decisions/0003); nothing is repaired, because what has to be repaired first was not what anybody
signed. Whatever goes wrong while reading is MalformedDocument. Nothing is judged here.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf

from sealverify.errors import MalformedDocument
from sealverify.syntax import Bytes
from sealverify.tree import FormField, ObjectKey, key_of, walk_fields, walk_pages

_MAX_COPY = 32 * 1024 * 1024
_SOURCE_NAME = re.compile(r"^stream <.*?>:? ?|(?<=\()stream <.*?>,? ?")
"""How qpdf names what it reads from, in its messages."""


@dataclass(frozen=True, slots=True)
class FoundSignature:
    """A signature dictionary. `field` is None when no form field leads to it."""

    name: str
    dictionary: pikepdf.Object
    field: FormField | None
    holder: int
    """The number of the indirect object that it lies in: its own, or its field's."""
    nested: bool
    """Whether it lies in its field's dictionary, as a direct /V."""

    @property
    def key(self) -> ObjectKey:
        return key_of(self.dictionary)


class _Prefix(io.RawIOBase):
    """The first `end` bytes of something larger, as a file to read, without a copy."""

    def __init__(self, data: Bytes, end: int) -> None:
        super().__init__()
        self._data, self._end, self._at = memoryview(data), end, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:  # any writable buffer
        count = max(0, min(len(buffer), self._end - self._at))
        buffer[:count] = self._data[self._at : self._at + count]
        self._at += count
        return count

    def close(self) -> None:
        self._data.release()
        super().close()


def _source(data: Bytes, end: int) -> io.RawIOBase | io.BytesIO:
    """What qpdf reads from: a copy in memory, where it seeks ten times faster, unless that would be large."""
    return io.BytesIO(data[:end]) if end <= _MAX_COPY else _Prefix(data, end)


class Revision:
    """The document as it was when its file ended at byte `end`."""

    def __init__(self, data: Bytes, end: int) -> None:
        self.end = end
        self._source = _source(data, end)
        try:
            self.pdf = pikepdf.open(
                cast("BinaryIO", self._source),
                attempt_recovery=False,
                suppress_warnings=True,
                inherit_page_attributes=False,  # or reading would change what is compared
            )
        except pikepdf.PasswordError as problem:
            self._source.close()
            raise MalformedDocument("PDF_PASSWORD") from problem
        except Exception as problem:  # qpdf, its binding and Python's own: all mean the same here
            self._source.close()
            raise MalformedDocument("PDF_UNREADABLE", cause=_first_line(problem)) from problem

    def close(self) -> None:
        self.pdf.close()
        self._source.close()

    @property
    def root(self) -> pikepdf.Object:
        return self.pdf.Root

    @cached_property
    def offsets(self) -> dict[int, int]:
        """Where each object lies in the file; compressed ones are not in it."""
        table = self.pdf.get_xref_table().items()
        return {key[0]: entry.offset for key, entry in table if entry.type == 1 and entry.offset is not None}

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Generation of each object in use, by number."""
        return {key[0]: key[1] for key, entry in self.pdf.get_xref_table().items() if entry.type in (1, 2)}

    def object(self, number: int) -> Any:  # whatever type the object has
        return self.pdf.get_object(number, self.numbers.get(number, 0))

    @cached_property
    def pages(self) -> list[pikepdf.Object]:
        """The pages in order. Walked here and not by qpdf, which moves inherited entries into the pages on the way:
        after that two revisions cannot be compared any more."""
        return list(walk_pages(self.root.get("/Pages")))

    @cached_property
    def page_numbers(self) -> dict[ObjectKey, int]:
        """The index, from 0, of each page by its key."""
        return {key_of(page): index for index, page in reversed(list(enumerate(self.pages)))}

    @cached_property
    def fields(self) -> list[FormField]:
        form = self.root.get("/AcroForm")
        top = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
        return list(walk_fields(top)) if isinstance(top, pikepdf.Array) else []

    @cached_property
    def signatures(self) -> list[FoundSignature]:
        """Every signature dictionary: those of form fields first, then those that no field leads to."""
        found = [_of_field(item) for item in self.fields if item.is_signed]
        seen = {item.key for item in found if item.key != (0, 0)} | {(item.holder, -1) for item in found if item.nested}
        return found + [item for item in self._stray() if item.key not in seen and (item.holder, -1) not in seen]

    def _stray(self) -> Iterator[FoundSignature]:
        for thing in self.pdf.objects:
            if not isinstance(thing, pikepdf.Dictionary):
                continue
            number = key_of(thing)[0]
            if looks_signed(thing):
                yield FoundSignature(f"#{number}", thing, None, number, nested=False)
            value = thing.get("/V")
            if isinstance(value, pikepdf.Dictionary) and key_of(value) == (0, 0) and looks_signed(value):
                yield FoundSignature(f"#{number}", value, None, number, nested=True)


def looks_signed(dictionary: pikepdf.Object) -> bool:
    """Whether a dictionary that no field leads to is, or pretends to be, a signature."""
    return "/ByteRange" in dictionary or (
        dictionary.get("/Type") in ("/Sig", "/DocTimeStamp") and "/Contents" in dictionary
    )


def _of_field(item: FormField) -> FoundSignature:
    value = item.value
    assert value is not None
    number = key_of(value)[0]
    return FoundSignature(item.name, value, item, number or item.key[0], nested=number == 0)


def _first_line(problem: BaseException) -> str:
    line = (str(problem).splitlines() or [type(problem).__name__])[0]
    return _SOURCE_NAME.sub("", line)[:200]


@dataclass
class Document:
    """The whole file and its revisions, each opened once."""

    data: Bytes
    name: str = ""
    _revisions: dict[int, Revision] = field(default_factory=dict)
    _file: io.BufferedReader | None = None

    @classmethod
    def open(cls, source: bytes | Path) -> Document:
        """From bytes or a file. Raises MalformedDocument when nothing can be read at all."""
        document = cls(source) if isinstance(source, bytes) else cls._mapped(source)
        if not len(document.data):
            raise MalformedDocument("PDF_EMPTY")
        return document

    @classmethod
    def _mapped(cls, path: Path) -> Document:
        try:
            file = path.open("rb")
            if not path.stat().st_size:
                file.close()
                raise MalformedDocument("PDF_EMPTY")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), path.name, _file=file)
        except OSError as problem:
            raise MalformedDocument("PDF_NO_FILE", path=path) from problem

    @property
    def latest(self) -> Revision:
        return self.revision(len(self.data))

    def revision(self, end: int) -> Revision:
        """The document as it was when the file ended at `end`. Raises MalformedDocument."""
        if end not in self._revisions:
            self._revisions[end] = Revision(self.data, end)
        return self._revisions[end]

    def close(self) -> None:
        for revision in self._revisions.values():
            revision.close()
        if isinstance(self.data, mmap.mmap):
            self.data.close()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Document:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
