"""Finds words in a document's text, and where they stand. The one room that uses pdfium, loaded when it is wanted.

Text in a PDF comes in pieces: a word may be split over runs, lines and text objects, and set in look-alike code points
(⽤ for 用, （ for (). So the search runs over the characters of a page without white space, brought to one form (NFKC)
and to small letters. Knows where characters are; refuses to know what will stand there.
"""

from __future__ import annotations

import ctypes
import mmap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.order import Hits
from sealservice.workers.pdf.geometry import Rect
from sealservice.workers.pdf.pages import PageView

_MAX_CHARACTERS = 200_000


@dataclass(frozen=True)
class Hit:
    """The words once: on which page, counted from 0, and the box around them in default user space."""

    page: int
    rect: Rect


class TextSearch:
    """The text of one document, by its open file."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._document: Any = None  # pdfium's own, untyped
        self.saw_text = False
        """Whether any page searched so far had a character at all."""

    def find(self, words: str, pages: Sequence[PageView], wanted: Hits) -> list[Hit]:
        """First, last or every hit, in the order of the pages. Raises DocumentRefused when pdfium cannot read it."""
        needle = _plain(words)
        if not needle:
            raise DocumentRefused("KEYWORD_EMPTY")
        found: list[Hit] = []
        for page in reversed(pages) if wanted is Hits.LAST else pages:
            hits = list(self._on_page(needle, page))
            if hits and wanted is not Hits.EVERY:
                return [hits[-1] if wanted is Hits.LAST else hits[0]]
            found += hits
        return found

    def close(self) -> None:
        if self._document is not None:
            self._document.close()

    def _on_page(self, needle: str, page: PageView) -> Iterator[Hit]:
        opened = self._open()[page.index]
        text = opened.get_textpage()
        try:
            if text.count_chars() > 0:
                self.saw_text = True
                for first, last in _matches(needle, text):
                    yield Hit(page.index, _around(text, first, last))
        finally:
            text.close()
            opened.close()

    def _open(self) -> Any:
        if self._document is None:
            import pypdfium2

            mapped = mmap.mmap(self._file, 0, access=mmap.ACCESS_COPY)  # what ctypes takes; the file stays as it is
            data = (ctypes.c_char * len(mapped)).from_buffer(mapped)
            try:
                self._document = pypdfium2.PdfDocument(data)
            except pypdfium2.PdfiumError as problem:
                raise DocumentRefused("DOCUMENT_DAMAGED", reason=f"its text cannot be read: {problem}") from problem
        return self._document


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _matches(needle: str, text: Any) -> Iterator[tuple[int, int]]:
    """First and last character of each hit, as pdfium counts them."""
    if needle not in _plain(text.get_text_range()):  # cheap: most pages end here
        return
    characters, origin = _characters(text)
    at = characters.find(needle)
    while at >= 0:
        yield origin[at], origin[at + len(needle) - 1]
        at = characters.find(needle, at + len(needle))


def _characters(text: Any) -> tuple[str, list[int]]:
    """The page's characters in plain form, and for each the number of pdfium's character that it came from."""
    from pypdfium2.raw import FPDFText_GetUnicode

    plain, origin = [], []
    for index in range(min(text.count_chars(), _MAX_CHARACTERS)):
        code = FPDFText_GetUnicode(text, index)
        for character in _plain(chr(code)) if 0 < code < 0x110000 else "":
            plain.append(character)
            origin.append(index)
    return "".join(plain), origin


def _around(text: Any, first: int, last: int) -> Rect:
    boxes = [text.get_charbox(index, loose=True) for index in range(first, last + 1)]
    solid = [box for box in boxes if box[2] > box[0] and box[3] > box[1]] or boxes
    lefts, bottoms, rights, tops = zip(*solid, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)
