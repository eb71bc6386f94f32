"""The attacker's desk: revisions written by hand, byte by byte, the way no honest program would."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pikepdf


def append_revision(
    data: bytes, objects: Mapping[int, bytes], *, trailer: bytes = b"", listed: Mapping[int, int] | None = None
) -> bytes:
    """`data` and a revision with `objects` (number → what stands between `obj` and `endobj`).

    `listed` names further offsets that the section lists without bringing the objects; `trailer` is put into it."""
    out = bytearray(data)
    if not out.endswith(b"\n"):
        out += b"\n"
    offsets = dict(listed or {})
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in sorted(offsets.items()):
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    out += b"trailer\n<< /Size %d /Root %s /Prev %d %s >>\n" % (
        max([size(data), *(number + 1 for number in offsets)]),
        root(data),
        last_startxref(data),
        trailer or carried(data),
    )
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def opened(data: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(data))


def root(data: bytes) -> bytes:
    with opened(data) as pdf:
        return b"%d %d R" % pdf.Root.objgen


def carried(data: bytes) -> bytes:
    """What an honest program takes over from the last trailer."""
    with opened(data) as pdf:
        kept = {key: pdf.trailer[key].unparse() for key in ("/Info", "/ID") if key in pdf.trailer}
    return b" ".join(key.encode() + b" " + value for key, value in kept.items())


def size(data: bytes) -> int:
    with opened(data) as pdf:
        return int(pdf.trailer["/Size"])


def last_startxref(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def number_of(data: bytes, *path: str | int) -> int:
    """The object number at the end of a path from the catalogue, such as "/Pages", "/Kids", 0."""
    with opened(data) as pdf:
        thing = pdf.Root
        for step in path:
            thing = thing[step]
        return int(thing.objgen[0])


def spelled(data: bytes, number: int, **changes: bytes | None) -> bytes:
    """A dictionary object as it is, with some entries replaced by PDF syntax, or taken out (None)."""
    with opened(data) as pdf:
        thing = pdf.get_object(number, 0)
        entries = {key: value.unparse() if hasattr(value, "unparse") else _plain(value) for key, value in thing.items()}
    entries.update({f"/{key}": value for key, value in changes.items() if value is not None})
    for key in (f"/{key}" for key, value in changes.items() if value is None):
        entries.pop(key, None)
    return b"<< " + b" ".join(key.encode() + b" " + value for key, value in entries.items()) + b" >>"


def _plain(value: object) -> bytes:
    return str(value).lower().encode() if isinstance(value, bool) else str(value).encode()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def contents_hole(data: bytes, which: int = -1) -> tuple[int, int]:
    """Start and end of the hole of a signature's ByteRange."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data)
    return int(ranges[which][0]), int(ranges[which][1])


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    """One place changed without moving anything."""
    assert len(old) == len(new)
    assert data.count(old) >= 1
    at = data.rfind(old)
    return data[:at] + new + data[at + len(old) :]
