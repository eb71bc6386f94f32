"""Which bytes a PDF signature covers, proved on the bytes themselves (ISO 32000-2 §12.8.1).

The signature dictionary is read where it lies in the file, not as a library shows it: the hole in the ByteRange must
be exactly the string behind the key /Contents of that very dictionary. What deviates is named, never mended.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sealverify.digest import Digest
from sealverify.document import Document, FoundSignature, Revision
from sealverify.errors import MalformedDocument, SealVerifyError
from sealverify.syntax import Bytes, Dictionary, HexString, Item, read_object
from sealverify.xref import tail


class RangeWrong(SealVerifyError):
    """The signature does not cover what a signature has to: `code` says why. FORMAT_FAILURE in the report."""


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """`byte_range` as (0, start of the hole, its end, length behind it); `contents` is what stands in the hole."""

    byte_range: tuple[int, int, int, int]
    contents: bytes = field(repr=False)

    @property
    def end(self) -> int:
        """Where the signed revision ends."""
        return self.byte_range[2] + self.byte_range[3]

    def digest(self, data: Bytes, algorithm: str) -> Digest:
        _, hole, rest, _ = self.byte_range
        with memoryview(data) as view, view[:hole] as before, view[rest : self.end] as behind:
            return Digest.of(before, behind, algorithm=algorithm)


def locate(document: Document, found: FoundSignature, revision: Revision) -> SignedBytes:
    """The bytes that `found`, as `revision` shows it, covers. Raises RangeWrong."""
    dictionary = _raw(document, found, revision)
    if dictionary.repeated:
        raise RangeWrong("RANGE_KEY_TWICE", key=min(dictionary.repeated))
    numbers = _range(dictionary)
    _, hole, rest, length = numbers
    if not (numbers[0] == 0 < hole < rest <= rest + length <= len(document.data)):
        raise RangeWrong("RANGE_SENSELESS", range=list(numbers))
    contents = _contents(dictionary, hole, rest)
    if tail(document.data, rest + length) is None:
        raise RangeWrong("RANGE_NO_REVISION", offset=rest + length)
    return SignedBytes(numbers, contents)


def _raw(document: Document, found: FoundSignature, revision: Revision) -> Dictionary:
    offset = revision.offsets.get(found.holder)
    if offset is None:
        raise RangeWrong("RANGE_NOT_IN_FILE")
    try:
        thing = read_object(document.data, offset)
    except MalformedDocument as problem:
        raise RangeWrong("RANGE_NOT_IN_FILE") from problem
    value = thing.item.value
    if found.nested and isinstance(value, Dictionary):
        value = value.get("/V")
    if thing.number != found.holder or not isinstance(value, Dictionary):
        raise RangeWrong("RANGE_NOT_IN_FILE")
    return value


def _range(dictionary: Dictionary) -> tuple[int, int, int, int]:
    value = dictionary.get("/ByteRange")
    if value is None:
        raise RangeWrong("RANGE_MISSING", key="/ByteRange")
    numbers = [item.value for item in value if type(item.value) is int] if isinstance(value, list) else []
    if not isinstance(value, list) or len(numbers) != 4 or len(value) != 4:
        raise RangeWrong("RANGE_SENSELESS", range=numbers)
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _contents(dictionary: Dictionary, hole: int, rest: int) -> bytes:
    item = dictionary.entries.get("/Contents")
    if item is None or item.value is None:
        raise RangeWrong("RANGE_MISSING", key="/Contents")
    if not isinstance(item.value, HexString):
        raise RangeWrong("RANGE_CONTENTS")
    if (item.start, item.end) != (hole, rest):
        raise RangeWrong("RANGE_GAP", start=item.start, end=item.end)
    return _octets(item, item.value.digits)


def _octets(item: Item, digits: bytes) -> bytes:
    """One spelling only: no white space, and letters of one case. Then no byte of the hole can change unseen."""
    plain = len(digits) == item.end - item.start - 2 and not len(digits) % 2
    if not plain or (digits != digits.lower() and digits != digits.upper()):
        raise RangeWrong("RANGE_CONTENTS")
    octets = bytes.fromhex(digits.decode("ascii"))
    if not octets.strip(b"\x00"):
        raise RangeWrong("RANGE_CONTENTS")
    return octets
