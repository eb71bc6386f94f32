"""A sealed file, tampered with in every way we know, is never PASSED, and the report says what was done.

Each attack is written by hand as a further revision, so that the bytes of the seal itself stay untouched and every
hash still matches: what openssl and pdfsig call valid.
"""

from __future__ import annotations

from collections.abc import Callable

import pikepdf
import pytest

from sealverify import Conclusion, Report, SubIndication
from sealverify.changes import Changes
from sealverify.messages import catalogue
from sealverify.severity import MOST_TELLING_FIRST
from tests.support.pki import DemoPki
from tests.support.sealing import archive, press, sample
from tests.support.tampering import (
    append_revision,
    last_startxref,
    number_of,
    opened,
    root,
    size,
    spelled,
    stream,
)
from tests.verify.conftest import Examine

PAGE = ("/Pages", "/Kids", 0)
SHADE = b"q 1 1 1 rg 300 100 200 200 re f Q"


def free(data: bytes) -> int:
    """The first number that no object has."""
    return size(data) + 10


def replace_page_content(data: bytes) -> bytes:
    return append_revision(data, {number_of(data, *PAGE, "/Contents"): stream(b"BT (Approved) Tj ET")})


def lay_a_picture_over_the_seal(data: bytes) -> bytes:
    page, old, new = number_of(data, *PAGE), number_of(data, *PAGE, "/Contents"), free(data)
    contents = b"[%d 0 R %d 0 R]" % (old, new)
    return append_revision(data, {page: spelled(data, page, Contents=contents), new: stream(SHADE)})


def add_a_page(data: bytes) -> bytes:
    pages, new = number_of(data, "/Pages"), free(data)
    with opened(data) as pdf:
        kids = b" ".join(b"%d 0 R" % kid.objgen[0] for kid in pdf.Root.Pages.Kids)
    page = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>" % pages
    return append_revision(
        data, {pages: spelled(data, pages, Kids=b"[%s %d 0 R]" % (kids, new), Count=b"2"), new: page}
    )


def add_an_annotation(data: bytes) -> bytes:
    page, new = number_of(data, *PAGE), free(data)
    with opened(data) as pdf:
        old = pdf.Root.Pages.Kids[0].Annots.unparse().strip(b"[] ")
    note = b"<< /Type /Annot /Subtype /FreeText /Rect [100 100 300 300] /Contents (void) /DA (/F 12 Tf) >>"
    return append_revision(data, {page: spelled(data, page, Annots=b"[%s %d 0 R]" % (old, new)), new: note})


def remove_the_signature_value(data: bytes) -> bytes:
    field = number_of(data, "/AcroForm", "/Fields", 0)
    return append_revision(data, {field: spelled(data, field, V=None)})


def remove_the_form(data: bytes) -> bytes:
    catalog = int(root(data).split()[0])
    return append_revision(data, {catalog: spelled(data, catalog, AcroForm=None)})


def null_the_signature(data: bytes) -> bytes:
    return append_revision(data, {number_of(data, "/AcroForm", "/Fields", 0, "/V"): b"null"})


def remove_everything_about_it(data: bytes) -> bytes:
    catalog, field = int(root(data).split()[0]), number_of(data, "/AcroForm", "/Fields", 0)
    value = number_of(data, "/AcroForm", "/Fields", 0, "/V")
    return append_revision(data, {catalog: spelled(data, catalog, AcroForm=None), field: b"null", value: b"null"})


def replace_the_catalog(data: bytes) -> bytes:
    pages, page, new = free(data), free(data) + 1, free(data) + 2
    catalog = int(root(data).split()[0])
    return append_revision(
        data,
        {
            catalog: spelled(data, catalog, Pages=b"%d 0 R" % pages),
            pages: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % page,
            page: b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R >>" % (pages, new),
            new: stream(b"BT (another document) Tj ET"),
        },
    )


def run_a_script_on_opening(data: bytes) -> bytes:
    catalog = int(root(data).split()[0])
    return append_revision(
        data, {catalog: spelled(data, catalog, OpenAction=b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>")}
    )


def move_the_seal(data: bytes) -> bytes:
    field = number_of(data, "/AcroForm", "/Fields", 0)
    return append_revision(data, {field: spelled(data, field, Rect=b"[0 0 500 800]")})


def exchange_the_picture_of_the_seal(data: bytes) -> bytes:
    picture = number_of(data, "/AcroForm", "/Fields", 0, "/AP", "/N")
    form = stream(SHADE, b"/Type /XObject /Subtype /Form /BBox [0 0 600 800]")
    return append_revision(data, {picture: form})


def crop_the_page(data: bytes) -> bytes:
    page = number_of(data, *PAGE)
    return append_revision(data, {page: spelled(data, page, CropBox=b"[0 400 595 842]")})


def turn_the_page(data: bytes) -> bytes:
    page = number_of(data, *PAGE)
    return append_revision(data, {page: spelled(data, page, Rotate=b"180")})


def exchange_a_font(data: bytes) -> bytes:
    with opened(data) as pdf:
        page = pdf.Root.Pages.Kids[0]
        font = next(iter(page.get("/Resources", pdf.Root.Pages.get("/Resources")).Font.values()))
        number = font.objgen[0]
    return append_revision(data, {number: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"})


def retitle_the_document(data: bytes) -> bytes:
    with opened(data) as pdf:
        info = pdf.trailer.Info.objgen[0]
    return append_revision(data, {info: b"<< /Title (Another matter) >>"}, trailer=b"/Info %d 0 R" % info)


def rewrite_the_metadata(data: bytes) -> bytes:
    xmp = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Another</dc:title></rdf:Description>
    </rdf:RDF></x:xmpmeta>"""
    number = number_of(data, "/Metadata")
    return append_revision(data, {number: stream(xmp, b"/Type /Metadata /Subtype /XML")})


def list_old_objects_anew(data: bytes) -> bytes:
    """The variant that stock difference analysis lets pass: nothing changes, and viewers draw fields again."""
    import re

    field = number_of(data, "/AcroForm", "/Fields", 0)
    offset = [match.start() for match in re.finditer(rb"(?<![0-9])%d 0 obj" % field, data)][-1]
    return append_revision(data, {}, listed={field: offset})


def write_old_objects_again(data: bytes) -> bytes:
    page = number_of(data, *PAGE)
    return append_revision(data, {page: spelled(data, page)})


def append_an_empty_revision(data: bytes) -> bytes:
    return append_revision(data, {})


def delete_an_object(data: bytes) -> bytes:
    content = number_of(data, *PAGE, "/Contents")
    start = len(data)
    section = b"xref\n%d 1\n0000000000 00001 f \ntrailer\n<< /Size %d /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return data + section % (content, size(data), root(data), last_startxref(data), start)


def hide_bytes_in_a_revision(data: bytes) -> bytes:
    field = number_of(data, "/AcroForm", "/Fields", 0)
    whole = append_revision(data, {field: spelled(data, field)})
    head = whole[: len(data)]
    hidden = b"999 0 obj\n(nobody lists me)\nendobj\n"
    tail = whole[len(data) :].replace(b"\nendobj\n", b"\nendobj\n" + hidden, 1)
    start = len(head) + tail.index(b"xref\n0 1")
    return head + tail[: tail.index(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % start


def pretend_long_term_data(data: bytes) -> bytes:
    """A DSS as anybody may add it, and beside it a page that shows something else."""
    catalog, store, extra = int(root(data).split()[0]), free(data), free(data) + 1
    page = number_of(data, *PAGE)
    return append_revision(
        data,
        {
            catalog: spelled(data, catalog, DSS=b"%d 0 R" % store),
            store: b"<< /Type /DSS /Certs [] >>",
            page: spelled(data, page, Contents=b"%d 0 R" % extra),
            extra: stream(SHADE),
        },
    )


def smuggle_objects_with_long_term_data(data: bytes) -> bytes:
    catalog, store, extra = int(root(data).split()[0]), free(data), free(data) + 1
    return append_revision(
        data,
        {
            catalog: spelled(data, catalog, DSS=b"%d 0 R" % store),
            store: b"<< /Type /DSS /Certs [] >>",
            extra: b"<< /Type /Page /Contents %d 0 R >>" % extra,
        },
    )


def misuse_the_store(data: bytes) -> bytes:
    catalog, store = int(root(data).split()[0]), free(data)
    content = number_of(data, *PAGE, "/Contents")
    return append_revision(
        data,
        {
            catalog: spelled(data, catalog, DSS=b"%d 0 R" % store),
            store: b"<< /Type /DSS /Certs [%d 0 R] >>" % content,
            content: stream(SHADE),
        },
    )


INCREMENTAL: list[tuple[Callable[[bytes], bytes], str]] = [
    (replace_page_content, "CHANGE_PAGE_CONTENT"),
    (lay_a_picture_over_the_seal, "CHANGE_PAGE_CONTENT"),
    (add_a_page, "CHANGE_PAGE_ADDED"),
    (add_an_annotation, "CHANGE_ANNOTATION_ADDED"),
    (remove_the_signature_value, "CHANGE_SIGNATURE_REMOVED"),
    (remove_the_form, "CHANGE_SIGNATURE_REMOVED"),
    (null_the_signature, "CHANGE_SIGNATURE_REMOVED"),
    (remove_everything_about_it, "CHANGE_SIGNATURE_REMOVED"),
    (replace_the_catalog, "CHANGE_PAGE_ADDED"),
    (run_a_script_on_opening, "CHANGE_CATALOG"),
    (move_the_seal, "CHANGE_ANNOTATION"),
    (exchange_the_picture_of_the_seal, "CHANGE_ANNOTATION"),
    (crop_the_page, "CHANGE_PAGE"),
    (turn_the_page, "CHANGE_PAGE"),
    (exchange_a_font, "CHANGE_PAGE_CONTENT"),
    (retitle_the_document, "CHANGE_METADATA"),
    (rewrite_the_metadata, "CHANGE_METADATA"),
    (list_old_objects_anew, "CHANGE_RELISTED"),
    (write_old_objects_again, "CHANGE_WITHOUT_ACT"),
    (append_an_empty_revision, "CHANGE_WITHOUT_ACT"),
    (delete_an_object, "CHANGE_OBJECT_DELETED"),
    (hide_bytes_in_a_revision, "CHANGE_HIDDEN_BYTES"),
    (pretend_long_term_data, "CHANGE_PAGE_CONTENT"),
    (smuggle_objects_with_long_term_data, "CHANGE_OBJECTS"),
    (misuse_the_store, "CHANGE_LONG_TERM_DATA_WRONG"),
]


def assert_changed(report: Report, code: str) -> None:
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.CHANGED_AFTER_SEALING)
    (first, *_) = report.signatures
    assert first.after.state is Changes.NOT_PERMITTED
    told = {change.code for change in first.after.list if not change.permitted}
    assert code in told
    assert all(change.text.en and change.text.zh and "{" not in change.text.zh for change in first.after.list)


@pytest.mark.parametrize(("attack", "code"), INCREMENTAL, ids=lambda item: getattr(item, "__name__", None))
def test_a_revision_that_nothing_allows_is_found_and_named(
    examine: Examine, sealed: bytes, attack: Callable[[bytes], bytes], code: str
) -> None:
    assert examine(sealed).conclusion is Conclusion.PASSED
    assert_changed(examine(attack(sealed)), code)


@pytest.mark.parametrize(("attack", "code"), INCREMENTAL, ids=lambda item: getattr(item, "__name__", None))
def test_nor_does_a_timestamp_added_afterwards_launder_it(
    pki: DemoPki, examine: Examine, sealed: bytes, attack: Callable[[bytes], bytes], code: str
) -> None:
    tampered = attack(sealed)
    try:
        laundered = archive(tampered, pki.tsa)
    except Exception:  # pyHanko refuses to read some of these at all, which is as good
        return
    report = examine(laundered)
    assert report.conclusion is Conclusion.FAILED
    assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING


def test_what_was_changed_is_told_with_its_page(examine: Examine, sealed_reply: bytes) -> None:
    content = number_of(sealed_reply, "/Pages", "/Kids", 1, "/Contents")
    report = examine(append_revision(sealed_reply, {content: stream(SHADE)}))
    assert_changed(report, "CHANGE_PAGE_CONTENT")
    assert [change.page for change in report.signatures[0].after.list] == [2]
    assert "page 2" in report.summary.en
    assert "第 2 页" in report.summary.zh


def test_a_page_removed(examine: Examine, sealed_reply: bytes) -> None:
    pages = number_of(sealed_reply, "/Pages")
    with opened(sealed_reply) as pdf:
        kids = [kid.objgen[0] for kid in pdf.Root.Pages.Kids]
    shorter = spelled(sealed_reply, pages, Kids=b"[%d 0 R %d 0 R]" % (kids[0], kids[2]), Count=b"2")
    report = examine(append_revision(sealed_reply, {pages: shorter}))
    assert_changed(report, "CHANGE_PAGE_REMOVED")
    turned = spelled(sealed_reply, pages, Kids=b"[%d 0 R %d 0 R %d 0 R]" % (kids[0], kids[2], kids[1]))
    assert_changed(examine(append_revision(sealed_reply, {pages: turned})), "CHANGE_PAGES_REORDERED")


def test_a_form_value_changed(examine: Examine, sealed_form: bytes) -> None:
    assert examine(sealed_form).conclusion is Conclusion.PASSED
    field = number_of(sealed_form, "/AcroForm", "/Fields", 0)
    report = examine(append_revision(sealed_form, {field: spelled(sealed_form, field, V=b"(500,000)")}))
    assert_changed(report, "CHANGE_FIELD_VALUE")
    assert "500,000" in report.summary.en


def test_content_prepared_as_a_hole_and_filled_in_later(pki: DemoPki, examine: Examine) -> None:
    """A shadow attack: the page already points at an object that does not exist yet."""
    innocent = sample("approval-letter-1-page.pdf")
    page, old, hole = number_of(innocent, *PAGE), number_of(innocent, *PAGE, "/Contents"), size(innocent) + 500
    contents = b"[%d 0 R %d 0 R]" % (old, hole)
    sealed = press(append_revision(innocent, {page: spelled(innocent, page, Contents=contents)}), pki.seal)
    assert examine(sealed).conclusion is Conclusion.PASSED
    filled = append_revision(sealed, {hole: stream(SHADE)})
    assert_changed(examine(filled), "CHANGE_VOID_FILLED")
    countersigned = press(filled, pki.other_seal, name="Seal2", box=None)
    assert examine(countersigned).conclusion is Conclusion.FAILED


@pytest.mark.parametrize(
    "tail", [b" ", b"\n", b"\r\n\r\n", b"\x00", b"%%EOF\n", b"% a comment\n", b"PK\x03\x04 a second file"]
)
def test_bytes_behind_the_end(examine: Examine, sealed: bytes, tail: bytes) -> None:
    report = examine(sealed + tail)
    assert report.conclusion is Conclusion.FAILED or report.conclusion is Conclusion.UNREADABLE
    assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING


def test_saving_the_file_anew_breaks_the_seal(examine: Examine, sealed: bytes) -> None:
    import io

    written = io.BytesIO()
    with opened(sealed) as pdf:
        pdf.save(written)
    assert examine(written.getvalue()).conclusion is Conclusion.FAILED
    with opened(sealed) as pdf:
        del pdf.Root.AcroForm
        pdf.remove_unreferenced_resources()
        for page in pdf.pages:
            page.obj.Annots = pikepdf.Array([])
        written = io.BytesIO()
        pdf.save(written)
    assert examine(written.getvalue()).conclusion is Conclusion.NO_SIGNATURE


def test_the_summary_names_the_gravest_of_several_changes(examine: Examine, sealed: bytes) -> None:
    """Each attacker does one graver thing more; the sentence that a clerk reads is always about the gravest."""
    deeds = [retitle_the_document, run_a_script_on_opening, add_an_annotation, replace_page_content, add_a_page]
    words = ["元数据", "文档级设置", "新增了批注", "第 1 页的内容", "新增了第 2 页"]
    tampered = sealed
    for deed, word in zip(deeds, words, strict=True):
        tampered = deed(tampered)
        assert word in examine(tampered).summary.zh
    assert "签名 Seal1 被移除" in examine(remove_the_signature_value(tampered)).summary.zh


def test_a_change_of_any_kind_has_its_rank() -> None:
    ranked = set(MOST_TELLING_FIRST)
    codes = {code for code in catalogue("sealverify.wording").codes() if code.startswith("CHANGE_")}
    assert len(MOST_TELLING_FIRST) == len(ranked)
    assert codes - ranked == {
        "CHANGE_SIGNATURE_ADDED",
        "CHANGE_SIGNATURE_OVERLAPS",
        "CHANGE_TIMESTAMP_ADDED",
        "CHANGE_LONG_TERM_DATA",
        "CHANGE_FORM_FILLED",
    }
