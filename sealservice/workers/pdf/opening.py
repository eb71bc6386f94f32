"""Opens one document, or says in plain words what it is instead. Judges the container, not what is in it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.limits import Limits
from sealservice.workers.pdf.inflating import has_bomb

ObjGen = tuple[int, int]

_HEAD, _TAIL = 1024, 4096
_START = re.compile(rb"startxref\s+(\d+)(\s*%%EOF)?")
_HARMLESS = re.compile(r"reported number of objects|linearization|unknown token while reading|suspects", re.IGNORECASE)
_WHERE = re.compile(r"^stream <[^>]*>( \([^)]*\))?: ")
"""What qpdf puts before its messages: our name for the file."""
_RECONSTRUCTED = "reconstruct"
_MAX_FILTERS = 4


@dataclass(frozen=True)
class Document:
    """An opened PDF. `header_at` is where "%PDF-" stands, `start` the last cross-reference section's place, and
    `clean_end` whether the file ends as it should, with nothing behind."""

    pdf: pikepdf.Pdf
    file: int
    size: int
    header_at: int
    start: int
    clean_end: bool
    encrypted: bool
    noted: list[str] = field(default_factory=list)

    @property
    def root(self) -> pikepdf.Object:
        return self.pdf.Root

    @property
    def has_table_stream(self) -> bool:
        """Whether the last cross-reference section is a stream, so that ours has to be one."""
        return self.pdf.trailer.get("/Type") == "/XRef"

    def warnings(self) -> list[str]:
        """What qpdf had to put up with or to mend, without what everybody puts up with."""
        self.noted.extend(_WHERE.sub("", str(text)) for text in self.pdf.get_warnings())  # qpdf tells each one once
        return [text for text in self.noted if not _HARMLESS.search(text)]

    @property
    def is_reconstructed(self) -> bool:
        """Whether the table of objects was lost, and made anew from whatever objects were found."""
        return any(_RECONSTRUCTED in text for text in self.warnings())


def open_document(file: int, limits: Limits) -> Document:
    """Raises DocumentRefused: empty, no PDF, cut off, damaged beyond repair, behind a password, too large."""
    size = os.fstat(file).st_size
    if size == 0:
        raise DocumentRefused("DOCUMENT_EMPTY")
    if size > limits.document_bytes:
        raise DocumentRefused("DOCUMENT_TOO_LARGE", size=size, limit=limits.document_bytes >> 20)
    head = os.pread(file, _HEAD, 0)
    header_at = head.find(b"%PDF-")
    if header_at < 0:
        raise DocumentRefused(_kind(head, file, size))
    start, rest = _end(os.pread(file, _TAIL, max(0, size - _TAIL)))
    pdf = _open(file, limits)
    return Document(pdf, file, size, header_at, start, rest == b"%%EOF", pdf.is_encrypted)


def _end(tail: bytes) -> tuple[int, bytes]:
    """The place that the last startxref names, and what follows it. Raises DocumentRefused("DOCUMENT_TRUNCATED")."""
    found = list(_START.finditer(tail))
    if not found or b" obj" in tail[found[-1].end() :]:  # the second: a revision of which the end is missing
        raise DocumentRefused("DOCUMENT_TRUNCATED")
    last = found[-1]
    return int(last[1]), tail[last.end(1) :].strip()


def _open(file: int, limits: Limits) -> pikepdf.Pdf:
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=limits.stream_bytes,
        run_length_max_memory=limits.stream_bytes,
        png_max_memory=limits.stream_bytes,
        tiff_max_memory=limits.stream_bytes,
        max_stream_filters=_MAX_FILTERS,
        doc_max_warnings=200,
    )
    try:
        return pikepdf.open(
            os.fdopen(os.dup(file), "rb"), access_mode=pikepdf.AccessMode.mmap_only, inherit_page_attributes=False
        )
    except pikepdf.PasswordError as problem:
        raise DocumentRefused("DOCUMENT_NEEDS_PASSWORD") from problem
    except pikepdf.PdfError as problem:
        if has_bomb(file, limits):
            raise DocumentRefused("DOCUMENT_UNPACKS_TOO_FAR") from problem
        raise damaged(problem) from problem


def damaged(problem: Exception) -> DocumentRefused:
    """What to say of a file that qpdf cannot follow."""
    text = str(problem)
    if "limit" in text.lower() and ("memory" in text.lower() or "filters" in text.lower()):
        return DocumentRefused("DOCUMENT_UNPACKS_TOO_FAR")
    return DocumentRefused("DOCUMENT_DAMAGED", reason=_WHERE.sub("", text)[:200])


_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "DOCUMENT_IS_OFFICE"),
    (b"{\\rtf", "DOCUMENT_IS_OFFICE"),
    (b"\x89PNG", "DOCUMENT_IS_IMAGE"),
    (b"\xff\xd8\xff", "DOCUMENT_IS_IMAGE"),
    (b"II*\x00", "DOCUMENT_IS_IMAGE"),
    (b"MM\x00*", "DOCUMENT_IS_IMAGE"),
    (b"%!PS", "DOCUMENT_IS_POSTSCRIPT"),
)
_ZIPPED = ((b"word/", "DOCUMENT_IS_OFFICE"), (b"xl/", "DOCUMENT_IS_OFFICE"), (b"ppt/", "DOCUMENT_IS_OFFICE"),
           (b"OFD.xml", "DOCUMENT_IS_OFD"), (b"opendocument", "DOCUMENT_IS_OFFICE"))  # fmt: skip


def _kind(head: bytes, file: int, size: int) -> str:
    """The code that names what the file really is."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<(!doctype\s+html|html|head|body)", start, re.IGNORECASE):
        return "DOCUMENT_IS_HTML"
    if start.startswith(b"PK\x03\x04"):
        directory = head + os.pread(file, 1 << 16, max(0, size - (1 << 16)))
        return next((code for mark, code in _ZIPPED if mark in directory), "DOCUMENT_IS_ARCHIVE")
    for mark, code in _KINDS:
        if start.startswith(mark):
            return code
    return "DOCUMENT_NOT_PDF" if b"\0" in head else "DOCUMENT_IS_TEXT"
