"""What lies behind a signed revision: complete revisions, each told apart from the next, or bytes that are none.

Every byte has to be accounted for: an object that its own revision lists, the section that lists it, white space,
comments. A revision may list only what it brings along itself. Whether its changes are allowed is `changes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealverify.errors import MalformedDocument, SealVerifyError
from sealverify.syntax import Bytes, read_object, skip_blank
from sealverify.xref import Kind, Section, last_section, read_section, tail

_MAX_REVISIONS = 200


class Unaccountable(SealVerifyError):
    """Bytes behind the signed revision that are no proper revision: `code` is that of a change."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The bytes [start, end) and what they list. `numbers` are the objects that it brings."""

    start: int
    end: int
    section: Section

    @property
    def numbers(self) -> set[int]:
        listed = {number for number, entry in self.section.entries.items() if entry.kind is not Kind.FREE}
        return listed | ({self.section.stream_number} if self.section.stream_number is not None else set())


def later_revisions(data: Bytes, signed_end: int) -> list[Revision]:
    """The revisions behind `signed_end`, oldest first; none when nothing follows.

    Raises Unaccountable for anything else that follows."""
    if signed_end == len(data):
        return []
    base = tail(data, signed_end)
    if not bytes(data[signed_end : signed_end + 4096]).strip() and skip_blank(data, signed_end) >= len(data):
        raise Unaccountable("CHANGE_BYTES_APPENDED", count=len(data) - signed_end)
    try:
        sections = _chain(data, base, signed_end)
        return _tiled(data, sections, signed_end)
    except MalformedDocument as problem:
        raise Unaccountable("CHANGE_REVISION_BROKEN", cause=str(problem)) from problem


def _chain(data: Bytes, base: int | None, signed_end: int) -> list[Section]:
    """The sections behind the signed revision, by /Prev from the last one back to the signed one's own."""
    at = last_section(data)
    found: list[Section] = []
    while at != base:
        if at is None or at < signed_end or len(found) >= _MAX_REVISIONS or (found and at >= found[-1].start):
            raise Unaccountable("CHANGE_REVISION_BROKEN", cause="/Prev")
        found.append(read_section(data, at))
        at = found[-1].previous
    if not found:
        raise Unaccountable("CHANGE_BYTES_APPENDED", count=len(data) - signed_end)
    return found[::-1]


def _tiled(data: Bytes, sections: list[Section], start: int) -> list[Revision]:
    revisions = []
    for section in sections:
        revision = Revision(start, section.end, section)
        _check_section(revision)
        _check_bytes(data, revision)
        revisions.append(revision)
        start = section.end
    if start != len(data):
        raise Unaccountable("CHANGE_BYTES_APPENDED", count=len(data) - start)
    return revisions


def _check_section(revision: Revision) -> None:
    section = revision.section
    if "/XRefStm" in section.trailer.entries:
        raise Unaccountable("CHANGE_REVISION_BROKEN", cause="/XRefStm")
    for number, entry in section.entries.items():
        if entry.kind is Kind.FREE and number != 0:
            raise Unaccountable("CHANGE_OBJECT_DELETED", number=number)
        if entry.kind is Kind.IN_FILE and not revision.start <= entry.place <= section.start:
            raise Unaccountable("CHANGE_RELISTED", number=number)
        if entry.kind is Kind.COMPRESSED:
            holder = section.entries.get(entry.place)
            if holder is None or holder.kind is not Kind.IN_FILE:
                raise Unaccountable("CHANGE_RELISTED", number=number)


def _check_bytes(data: Bytes, revision: Revision) -> None:
    """Objects lie one behind the other, with nothing but blanks between them, up to the section."""
    section = revision.section
    listed = [(number, entry) for number, entry in section.entries.items() if entry.kind is Kind.IN_FILE]
    places = {entry.place: (number, entry) for number, entry in listed}
    if len(places) != len(listed) or places.get(section.start, (section.stream_number,))[0] != section.stream_number:
        raise Unaccountable("CHANGE_REVISION_BROKEN", cause="xref")
    position = skip_blank(data, revision.start)
    for place in sorted(places):
        if place == section.start:
            break
        number, entry = places[place]
        if place != position:
            raise Unaccountable("CHANGE_HIDDEN_BYTES", offset=position)
        found = read_object(data, place)
        if (found.number, found.generation) != (number, entry.generation):
            raise Unaccountable("CHANGE_REVISION_BROKEN", cause=f"{number} {entry.generation} obj")
        position = skip_blank(data, found.end)
    if position != section.start:
        raise Unaccountable("CHANGE_HIDDEN_BYTES", offset=position)
