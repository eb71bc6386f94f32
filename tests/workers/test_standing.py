"""What a document was before, it is after: PDF/A, tagged for screen readers, linearized, in objects of either kind."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pikepdf
import pytest
from PIL import ImageChops

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import At, Automatic, Certification, EveryPage, Limits, NextField, Riding, WorkerPool
from tests.support.hostile import CATALOGUE, PAGE, PAGES, plain_pdf, stream
from tests.support.judges import added, pyhanko_verdicts, qpdf_complaints, render
from tests.support.pressing import SAMPLES, make_order, make_picture, press

PDFA = SAMPLES / "approval-reply-3-page-pdfa-2b.pdf"
TAGGED = [
    "acceptance-notice-chromium.pdf",
    "approval-reply-3-page-tagged-pdfua.pdf",
    "approval-reply-3-page-pdfa-2b.pdf",
    "hygiene-licence-landscape-typst.pdf",
    "renewal-decision-pdf-2-0-typst.pdf",
]


@pytest.mark.parametrize("placement", [Automatic(), Riding(), EveryPage()])
def test_pdfa_stays_what_it_claims(placement: object, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """ISO 19005-2: the claim stands as it was, annotations print and have an appearance, no colour is the device's."""
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, PDFA, sealed, make_order(placement, picture))  # type: ignore[arg-type]
    assert prepared.facts.pdfa == "2B"
    with pikepdf.open(PDFA) as before, pikepdf.open(sealed) as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert len(after.Root.OutputIntents) == len(before.Root.OutputIntents)
        (widget,) = (one for page in after.pages for one in page.get("/Annots", []) if one.Subtype == "/Widget")
        assert widget.F & 4
        assert set(widget.AP.keys()) == {"/N"}
        assert "/A" not in widget
        assert "/AA" not in widget
        picture_object = widget.AP.N.Resources.XObject["/SEAL1"]
        assert b"Device" not in picture_object.Resources.unparse(resolved=True)
        assert re.search(rb"\b(rg|RG|k|K|g|G)\b", picture_object.read_bytes()) is None
        assert after.trailer.ID[0] == before.trailer.ID[0]
        assert after.trailer.ID[1] != before.trailer.ID[1]


def test_a_transparent_picture_is_refused_in_pdfa_1_and_a_drawn_one_is_not(
    pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    document = tmp_path / "pdfa-1.pdf"
    with pikepdf.open(PDFA) as pdf:
        claim = pdf.Root.Metadata.read_bytes()
        pdf.Root.Metadata.write(re.sub(rb"(pdfaid:part[^\d]*)2", rb"\g<1>1", claim))
        pdf.save(document)
    photograph = make_picture(tmp_path, "seal-official-round.png")
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, tmp_path / "sealed.pdf", make_order(Automatic(), photograph))
    assert caught.value.code == "PICTURE_TRANSPARENT_FOR_PDFA1"
    assert press(pool, document, tmp_path / "sealed.pdf", make_order(Automatic(), picture)).facts.pdfa == "1B"


def test_a_photographed_seal_stays_transparent(pool: WorkerPool, tmp_path: Path) -> None:
    """The coloured ground of the licence shows through it: less than half of its square changes."""
    document, sealed = SAMPLES / "hygiene-licence-landscape-typst.pdf", tmp_path / "sealed.pdf"
    order = make_order(At(page=1, x_mm=212, y_mm=150), make_picture(tmp_path, "seal-official-round.png"))
    press(pool, document, sealed, order)
    mark = added(document, sealed, 1)
    assert mark is not None
    assert mark.size == pytest.approx((42, 42), abs=0.6)
    changed = ImageChops.difference(render(document, 1), render(sealed, 1)).convert("L").histogram()
    assert 0.05 < sum(changed[16:]) / (42 / 25.4 * 150) ** 2 < 0.5


@pytest.mark.parametrize("name", TAGGED)
def test_a_screen_reader_meets_the_seal_by_name(name: str, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """ISO 14289-1, 7.18: the widget lies in a /Form element, found from both sides, with words to speak."""
    sealed = tmp_path / "sealed.pdf"
    boxes = (NextField(name="Next", at=At(page=1, x_mm=60, y_mm=60), width_mm=42, height_mm=42),)
    order = make_order(Automatic(), picture, certification=Certification.FORM_FILLING, next_fields=boxes)
    prepared = press(pool, SAMPLES / name, sealed, order)
    assert prepared.facts.tagged
    with pikepdf.open(SAMPLES / name) as before, pikepdf.open(sealed) as after:
        widgets = [(page, one) for page in after.pages for one in page.get("/Annots", []) if one.Subtype == "/Widget"]
        assert len(widgets) == 2
        numbers = dict(after_pairs(after.Root.StructTreeRoot.ParentTree))
        assert set(dict(after_pairs(before.Root.StructTreeRoot.ParentTree))) == set(numbers) - {
            int(one.StructParent) for _, one in widgets
        }
        for page, widget in widgets:
            element = numbers[int(widget.StructParent)]
            assert element.S == "/Form"
            assert element.K.Obj.is_same_object_as(widget)
            assert element.K.Pg.is_same_object_as(page.obj)
            assert "印章" in str(element.Alt) or str(element.Alt) == str(widget.TU)
            assert any(kid.is_same_object_as(element) for kid in element.P.K if isinstance(kid, pikepdf.Dictionary))
            assert page.Tabs == "/S"
        assert int(after.Root.StructTreeRoot.ParentTreeNextKey) == max(numbers) + 1
    assert pyhanko_verdicts(sealed)[0].intact
    assert qpdf_complaints(sealed) == ""


def after_pairs(tree: pikepdf.Object) -> list[tuple[int, pikepdf.Object]]:
    pairs = list(tree.get("/Nums", []))
    found = [(int(key), value) for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return found + [pair for kid in tree.get("/Kids", []) for pair in after_pairs(kid)]


@pytest.mark.parametrize("name", ["variant-object-streams-qpdf.pdf", "hearing-announcement-weasyprint.pdf"])
def test_a_table_in_a_stream_gets_another_in_a_stream(
    name: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, SAMPLES / name, sealed, make_order(Automatic(), picture))
    added_bytes = sealed.read_bytes()[prepared.prefix_length :]
    assert b"/Type /XRef" in added_bytes
    assert b"\nxref\n" not in added_bytes


def test_what_a_page_left_open_is_closed_before_the_seal_is_drawn(
    pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    """Content that ends inside q, scaled and turned, or that restores more than it saved: the seal is not bent."""
    for number, content in enumerate(
        (b"q q 3 0 0 3 50 50 cm (a q Q b) pop", b"Q Q 0.2 0 0 0.2 0 0 cm q", b"q 2 0 0 2 0 0 cm")
    ):
        document, sealed = tmp_path / f"{number}.pdf", tmp_path / f"sealed-{number}.pdf"
        with pikepdf.new() as pdf:
            pdf.add_blank_page(page_size=(595.276, 841.89))
            pdf.pages[0].Contents = pdf.make_stream(content)
            pdf.add_blank_page(page_size=(595.276, 841.89))
            pdf.pages[1].Contents = pdf.make_stream(content)
            pdf.save(document)
        press(pool, document, sealed, make_order(EveryPage(x_mm=80, y_mm=120), picture))
        mark = added(document, sealed, 2)
        assert mark is not None
        assert mark.centre == pytest.approx((80, 120), abs=0.5)
        assert mark.size == pytest.approx((42, 42), abs=0.5)


def test_shared_and_inherited_resources_are_left_to_the_other_pages(
    pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    document, sealed = SAMPLES / "variant-inherited-page-attributes-pikepdf.pdf", tmp_path / "sealed.pdf"
    press(pool, document, sealed, make_order(Riding(pages=(1, 3)), picture))
    with pikepdf.open(document, inherit_page_attributes=False) as before:
        shared = before.Root.Pages.Resources.objgen
    with pikepdf.open(sealed, inherit_page_attributes=False) as after:
        assert "/SEAL1" not in after.get_object(shared).get("/XObject", {})
        assert "/SEAL1" in after.Root.Pages.Kids[2].Resources.XObject
        assert "/Resources" not in after.Root.Pages.Kids[1]
    assert added(document, sealed, 2) is None


def test_a_name_that_is_taken_is_not_taken_again(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    with pikepdf.open(SAMPLES / "approval-reply-3-page.pdf") as pdf:
        for page in pdf.pages:
            mine = pdf.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 1, 1])
            page.Resources.XObject = pikepdf.Dictionary({"/SEAL1": mine})
        pdf.save(document)
    press(pool, document, sealed, make_order(EveryPage(), picture))
    with pikepdf.open(sealed) as pdf:
        assert {"/SEAL1", "/SEAL2"} == set(pdf.pages[1].Resources.XObject.keys())


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("approval-reply-3-page.pdf", ()),
        ("variant-linearized-qpdf.pdf", ()),
        ("scan-grey-200dpi-img2pdf.pdf", ()),
        ("long-300-pages.pdf", ()),
        (
            "variant-incremental-update-pymupdf.pdf",
            ("NORMALISED_SEVERAL_REVISIONS", "NORMALISED_OBJECTS_OUTSIDE_TABLE"),
        ),
        (
            "form-empty-signature-field-pyhanko.pdf",
            ("NORMALISED_SEVERAL_REVISIONS", "NORMALISED_OBJECTS_OUTSIDE_TABLE"),
        ),
    ],
)
def test_only_what_needs_it_is_rewritten(
    name: str, reasons: tuple[str, ...], pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, SAMPLES / name, sealed, make_order(Automatic(), picture))
    assert prepared.normalised == reasons
    assert sealed.read_bytes().startswith((SAMPLES / name).read_bytes()) == (not reasons)
    revisions = sealed.read_bytes().count(b"startxref")
    assert revisions == (3 if "linearized" in name or "img2pdf" in name else 2)


def test_shadow_material_does_not_survive(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """The three places where a second document hides: an older revision, an unlisted object, an unreferenced one."""
    clean = (SAMPLES / "approval-letter-1-page.pdf").read_bytes()
    with pikepdf.open(SAMPLES / "approval-letter-1-page.pdf") as pdf:
        hidden = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Catalog, Secret=pikepdf.String("SHADOW")))
        pdf.Root.Keep = hidden
        pdf.save(tmp_path / "kept.pdf", qdf=True, static_id=True)
    kept = (tmp_path / "kept.pdf").read_bytes()
    unreferenced = cut_reference(kept)
    unlisted = clean.replace(b"\nxref\n", b"\n77 0 obj\n<< /Type /Page /Secret (SHADOW) >>\nendobj\nxref\n")
    for number, data in enumerate((unreferenced, shifted(unlisted, clean))):
        document, sealed = tmp_path / f"{number}.pdf", tmp_path / f"sealed-{number}.pdf"
        document.write_bytes(data)
        prepared = press(pool, document, sealed, make_order(Automatic(), picture))
        assert prepared.normalised != ()
        assert b"SHADOW" in data
        assert b"SHADOW" not in sealed.read_bytes()


def cut_reference(data: bytes) -> bytes:
    """The catalogue no longer mentions what it kept; every byte stays where it was."""
    return re.sub(rb"/Keep \d+ 0 R", lambda match: b" " * len(match[0]), data)


def shifted(data: bytes, before: bytes) -> bytes:
    """The table moved down by what was put in before it."""
    at = int(before.rsplit(b"startxref", 1)[1].split()[0])
    moved = at + len(data) - len(before)
    return data.replace(b"startxref\n%d" % at, b"startxref\n%d" % moved)


def test_a_large_scan_is_sealed_in_little_memory(picture: Path, tmp_path: Path) -> None:
    """100 MB of images with 48 MiB to work in: the document is mapped and copied, never held."""
    document, sealed = tmp_path / "large.pdf", tmp_path / "sealed.pdf"
    with pikepdf.open(SAMPLES / "approval-reply-3-page.pdf") as pdf:
        kind = {"Type": pikepdf.Name.XObject, "Subtype": pikepdf.Name.Image, "ColorSpace": pikepdf.Name.DeviceRGB}
        for number in range(10):
            scan = pdf.make_stream(os.urandom(10_000_000), Width=2000, Height=1666, BitsPerComponent=8, **kind)
            pdf.pages[number % 3].Resources[f"/XObject{number}"] = scan
        pdf.save(document, compress_streams=False)
    with WorkerPool(1, Limits(memory_bytes=48 << 20)) as frugal:
        prepared = press(frugal, document, sealed, make_order(Riding(), picture))
    assert prepared.normalised == ()
    assert pyhanko_verdicts(sealed)[0].intact


def test_bytes_behind_the_end_are_left_out(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    document.write_bytes(
        (SAMPLES / "approval-letter-1-page.pdf").read_bytes() + b"<html>served by an old gateway</html>"
    )
    assert "NORMALISED_BYTES_AROUND" in press(pool, document, sealed, make_order(Automatic(), picture)).normalised
    assert b"gateway" not in sealed.read_bytes()


def test_a_lost_table_is_mended_only_when_nothing_is_missing(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """The table of objects is gone: with all objects there the letter is rewritten, with one missing it is refused."""
    whole = (SAMPLES / "variant-classic-xref-pdf-1-4-qpdf.pdf").read_bytes()
    lost_table = re.sub(rb"startxref\n\d+", b"startxref\n7", whole)
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    document.write_bytes(lost_table)
    assert "NORMALISED_REPAIRED" in press(pool, document, sealed, make_order(Automatic(), picture)).normalised
    assert qpdf_complaints(sealed) == ""
    font = re.search(rb"\n(\d+) 0 obj\n<<[^>]*/Type /Font\b", lost_table)
    assert font is not None
    document.write_bytes(lost_table.replace(b"\n%s 0 obj" % font[1], b"\n%s 0 obx" % font[1]))
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, sealed, make_order(Automatic(), picture))
    assert caught.value.code == "DOCUMENT_DAMAGED"


def test_two_tables_for_two_kinds_of_readers_become_one(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """A hybrid file (ISO 32000-2, 7.5.8.4) shows old readers one thing and new readers another."""
    base = {1: CATALOGUE, 2: PAGES, 3: PAGE, 4: stream(b"0 0 m", b"")}
    plain = plain_pdf(base)
    at = int(plain.rsplit(b"startxref", 1)[1].split()[0])
    row = b"\0\0\0\0\0\0"
    table = b"9 0 obj\n" + stream(row, b"/Type /XRef /Size 10 /W [1 4 1] /Index [8 1] /Root 1 0 R") + b"\nendobj\n"
    hybrid = plain[:at] + table + plain[at:].replace(b"/Root", b"/XRefStm %d /Root" % at, 1)
    hybrid = hybrid.replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(table)))
    document, sealed = tmp_path / "document.pdf", tmp_path / "sealed.pdf"
    document.write_bytes(hybrid)
    prepared = press(pool, document, sealed, make_order(Automatic(), picture))
    assert "NORMALISED_HYBRID_TABLE" in prepared.normalised
    assert b"XRefStm" not in sealed.read_bytes()
    assert pyhanko_verdicts(sealed)[0].intact


def test_a_revision_cut_off_in_the_middle_is_refused(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    whole = (SAMPLES / "variant-incremental-update-pymupdf.pdf").read_bytes()
    document = tmp_path / "document.pdf"
    document.write_bytes(whole[: whole.rindex(b"endobj")])
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, tmp_path / "sealed.pdf", make_order(Automatic(), picture))
    assert caught.value.code == "DOCUMENT_TRUNCATED"
