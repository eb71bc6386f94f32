"""What a value says, whatever its spelling: texts in each encoding, numbers in each form, bytes that are no text."""

from __future__ import annotations

import codecs

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import NameObject, TextStringObject
from pyhanko.pdf_utils.generic import TextStringEncoding as Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from sealverify import Conclusion, SubIndication
from sealverify.spelling import differing_keys, spelled
from tests.support.pki import DemoPki
from tests.support.sealing import place_field, press, sample
from tests.support.tampering import append_revision, number_of
from tests.support.tampering import spelled as with_changes
from tests.verify.conftest import Examine
from tests.verify.test_signed_smuggling import press_with

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


def one_key(key: str, value: bytes) -> pikepdf.Object:
    return pikepdf.Object.parse(b"<< %s <%s> >>" % (key.encode(), value.hex().encode()))


def encodings(text: str) -> list[bytes]:
    """`text` in every encoding of a text string that can say it."""
    said = [codecs.BOM_UTF16_BE + text.encode("utf-16-be"), codecs.BOM_UTF8 + text.encode()]
    return [*said, text.encode("ascii")] if text.isascii() and text.isprintable() else said


@given(TEXTS)
def test_one_text_in_each_encoding_is_the_same_text(text: str) -> None:
    first, *others = (one_key("/Title", raw) for raw in encodings(text))
    assert [differing_keys(first, other) for other in others] == [set()] * len(others)


@given(TEXTS, TEXTS)
def test_two_texts_are_told_apart_in_any_encoding(one: str, other: str) -> None:
    for mine in encodings(one):
        for theirs in encodings(other):
            changed = differing_keys(one_key("/T", mine), one_key("/T", theirs))
            assert changed == (set() if one == other else {"/T"})


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_where_no_text_is_meant_every_byte_counts(one: bytes, other: bytes) -> None:
    changed = differing_keys(one_key("/Cert", one), one_key("/Cert", other))
    assert changed == (set() if one == other else {"/Cert"})


@given(st.binary(max_size=30))
def test_what_no_encoding_fits_is_the_same_as_itself_alone(raw: bytes) -> None:
    assert differing_keys(one_key("/T", raw), one_key("/T", raw)) == set()
    for damaged in (b"\xfe\xff\xd8\x00", b"\xef\xbb\xbf\xff", b"\xff\xfeA\x00", b"\x7f"):
        if damaged != raw:
            assert differing_keys(one_key("/T", raw), one_key("/T", damaged)) == {"/T"}


@pytest.mark.parametrize("text", [b"[1.50 +2 .0]", b"[1.5 2 0]", b"[001.5 2.0 0]"])
def test_a_number_is_itself_however_written(text: bytes) -> None:
    assert spelled(pikepdf.Object.parse(text)) == b"[1.5 2 0]"


def rewrite(writer: IncrementalPdfFileWriter, key: str, text: str, encoding: Encoding) -> None:
    said = TextStringObject(text)
    said.force_output_encoding = encoding
    thing = writer.root if key == "/Lang" else writer.trailer["/Info"]
    thing[NameObject(key)] = said
    writer.mark_update(thing.container_ref)


@pytest.mark.parametrize("encoding", [Encoding.PDF_DOC, Encoding.UTF16BE, Encoding.UTF8])
def test_who_signs_next_may_write_old_texts_in_another_encoding_but_not_other_texts(
    pki: DemoPki, examine: Examine, sealed: bytes, encoding: Encoding
) -> None:
    for key, text, other in (("/Creator", "Writer", "Whiter"), ("/Lang", "en-US", "en-UK")):
        honest = press_with(sealed, pki.other_seal, lambda writer, k=key, t=text: rewrite(writer, k, t, encoding))
        assert examine(honest).conclusion is Conclusion.PASSED
        forged = press_with(sealed, pki.other_seal, lambda writer, k=key, t=other: rewrite(writer, k, t, encoding))
        assert examine(forged).sub_indication is SubIndication.CHANGED_AFTER_SEALING


def test_a_field_that_waits_keeps_its_name_in_any_encoding(pki: DemoPki, examine: Examine) -> None:
    """The field was set down by a program that writes UTF-16, and is signed by one that does not."""
    named = with_utf16_name(place_field(sample("approval-letter-1-page.pdf"), "Next", (20, 20, 60, 60)), "Next")
    sealed = press(named, pki.seal)
    report = examine(press(sealed, pki.other_seal, name="Next", existing=True))
    assert [item.conclusion for item in report.signatures] == [Conclusion.PASSED, Conclusion.PASSED]


def with_utf16_name(data: bytes, name: str) -> bytes:
    number = number_of(data, "/AcroForm", "/Fields", 0)
    title = b"<feff" + name.encode("utf-16-be").hex().encode() + b">"
    return append_revision(data, {number: with_changes(data, number, T=title)})
