"""Documents that nobody should seal unasked, made for the test: small PDFs with one thing wrong each."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

from tests.support.pressing import SAMPLES

LETTER = SAMPLES / "approval-letter-1-page.pdf"
Change = Callable[[Pdf], None]


def changed(target: Path, change: Change, **options: object) -> Path:
    """The one-page letter with `change` made to it."""
    with pikepdf.open(LETTER) as pdf:
        change(pdf)
        pdf.save(target, **options)  # type: ignore[arg-type]
    return target


def _script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('hello')"))


def _annotation(pdf: Pdf, **entries: Any) -> None:
    box = Array([100, 100, 200, 200])
    page = pdf.pages[0]
    page.Annots = Array([pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, **entries))])


def _page_script(pdf: Pdf) -> None:
    pdf.pages[0].AA = Dictionary(O=_script())


def _annotation_script(pdf: Pdf) -> None:
    _annotation(pdf, A=Dictionary(S=Name.URI, URI=String("https://example.org"), Next=_script()))


def _field_script(pdf: Pdf) -> None:
    field = Dictionary(FT=Name.Tx, T=String("amount"), AA=Dictionary(K=_script()))
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]))


def _escaped_script(pdf: Pdf) -> None:
    pdf.pages[0].AA = Dictionary(O=Dictionary(S=Name("/JavaScript"), JS=pdf.make_stream(b"app.alert(1)")))


def _action(kind: str, **entries: Any) -> Change:
    def change(pdf: Pdf) -> None:
        _annotation(pdf, A=Dictionary(S=Name(f"/{kind}"), **entries))

    return change


def _external_stream(pdf: Pdf) -> None:
    stream = pdf.make_stream(b"", F=Dictionary(Type=Name.Filespec, F=String("/etc/hostname")))
    pdf.pages[0].Contents = Array([pdf.pages[0].Contents, stream])


def _attachment_annotation(pdf: Pdf) -> None:
    file = Dictionary(Type=Name.Filespec, F=String("a.csv"), EF=Dictionary(F=pdf.make_stream(b"1,2")))
    _annotation(pdf, FS=file)
    pdf.pages[0].Annots[0].Subtype = Name.FileAttachment


def _rich_media(pdf: Pdf) -> None:
    _annotation(pdf)
    pdf.pages[0].Annots[0].Subtype = Name.RichMedia


def associated(kind: str, relation: str = "Data") -> Change:
    """An associated file (PDF/A-3, PDF 2.0), as structured licence data are attached."""

    def change(pdf: Pdf) -> None:
        stream = pdf.make_stream(b'{"number": "15"}', Type=Name.EmbeddedFile, Subtype=Name(f"/{kind}"))
        specification = pdf.make_indirect(
            Dictionary(
                Type=Name.Filespec,
                F=String("data"),
                UF=String("data"),
                AFRelationship=Name(f"/{relation}"),
                EF=Dictionary(F=stream),
            )
        )
        pdf.Root.AF = Array([specification])
        pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("data"), specification])))

    return change


DANGERS: dict[str, tuple[Change, str, str]] = {
    "a script when a page opens": (_page_script, "DOCUMENT_HAS_JAVASCRIPT", "javascript"),
    "a script chained to a link": (_annotation_script, "DOCUMENT_HAS_JAVASCRIPT", "javascript"),
    "a script on a field's keystrokes": (_field_script, "DOCUMENT_HAS_JAVASCRIPT", "javascript"),
    "a script in a stream": (_escaped_script, "DOCUMENT_HAS_JAVASCRIPT", "javascript"),
    "a program to start": (_action("Launch", F=String("calc.exe")), "DOCUMENT_HAS_LAUNCH_ACTION", "launch"),
    "a link into another file": (_action("GoToR", F=String("b.pdf"), D=0), "DOCUMENT_HAS_REMOTE_LINKS", "remote"),
    "a form that is sent off": (_action("SubmitForm", F=String("http://x")), "DOCUMENT_HAS_SUBMIT_ACTION", "submit"),
    "form data fetched": (_action("ImportData", F=String("x.fdf")), "DOCUMENT_HAS_SUBMIT_ACTION", "submit"),
    "page content outside the file": (_external_stream, "DOCUMENT_HAS_EXTERNAL_DATA", "external"),
    "a file pinned to the page": (_attachment_annotation, "DOCUMENT_HAS_ATTACHMENTS", "attachments"),
    "an associated program": (associated("application/x-msdownload"), "DOCUMENT_HAS_ATTACHMENTS", "attachments"),
    "an associated file of unclear use": (
        associated("application/json", "Unspecified"),
        "DOCUMENT_HAS_ATTACHMENTS",
        "attachments",
    ),
    "a film": (_rich_media, "DOCUMENT_HAS_MEDIA", "media"),
}
"""What is in the letter → the refusal, and the switch that would let it through."""


def with_escaped_name(target: Path) -> Path:
    """JavaScript whose name is written /Java#53cript: the same name to every reader, other bytes to a careless one."""
    changed(target, _page_script, object_stream_mode=pikepdf.ObjectStreamMode.disable, qdf=True)
    return _rewritten(target, target.read_bytes().replace(b"/JavaScript", b"/Java#53cript"))


def with_unreferenced_script(target: Path) -> Path:
    """A script that nothing in the catalogue leads to."""
    data = LETTER.read_bytes()
    at = len(data) + 1
    start = int(data.rsplit(b"startxref", 1)[1].split()[0])
    body = b"\n900 0 obj\n<< /S /JavaScript /JS (app.alert(1)) >>\nendobj\n"
    with pikepdf.open(LETTER) as pdf:
        root = b"%d %d R" % pdf.Root.objgen
    table = b"xref\n900 1\n%010d 00000 n \ntrailer\n<< /Size 901 /Prev %d /Root %s >>\n" % (at, start, root)
    return _rewritten(target, data + body + table + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(body)))


def _rewritten(target: Path, data: bytes) -> Path:
    target.write_bytes(data)
    return target


def plain_pdf(objects: dict[int, bytes], *, trailer: bytes = b"", root: int = 1) -> bytes:
    """A classic PDF of exactly these objects."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    for number, body in objects.items():
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    at = out.tell()
    out.write(b"xref\n0 1\n0000000000 65535 f \n")
    for number, offset in offsets.items():
        out.write(b"%d 1\n%010d 00000 n \n" % (number, offset))
    out.write(
        b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, root, trailer, at)
    )
    return out.getvalue()


def stream(data: bytes, entries: bytes = b"/Filter /FlateDecode") -> bytes:
    return b"<< %s /Length %d >>\nstream\n" % (entries, len(data)) + data + b"\nendstream"


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>"


def page_with(extra: dict[int, bytes], **changes: bytes) -> bytes:
    base = {1: CATALOGUE, 2: PAGES, 3: PAGE, 4: stream(b"0 0 m", b"")}
    return plain_pdf({**base, **{int(key[1:]): value for key, value in changes.items()}, **extra})


def _zeros(mebibytes: int, times: int = 1) -> bytes:
    packer = zlib.compressobj(9)
    chunk = bytes(1 << 20)
    data = b"".join(packer.compress(chunk) for _ in range(mebibytes)) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def _one(data: bytes, entries: bytes = b"/Filter /FlateDecode") -> bytes:
    return page_with({}, o4=stream(data, entries))


_FIVE = b"/Filter [" + b" /FlateDecode" * 5 + b" ]"
_HUGE = b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB "

BOMBS: dict[str, Callable[[], bytes]] = {
    "page content": lambda: _one(_zeros(150)),
    "Deflate in Deflate": lambda: _one(_zeros(150, 2), b"/Filter [ /FlateDecode /FlateDecode ]"),
    "Deflate five times over": lambda: _one(_zeros(8, 5), _FIVE),
    "an image of 60,000 by 60,000": lambda: page_with({5: stream(_zeros(8), _HUGE + b"/Filter /FlateDecode")}),
    "many streams of 100 MiB": lambda: page_with(dict.fromkeys(range(5, 20), stream(_zeros(100)))),
    "a table of objects": lambda: _table_bomb(_zeros(150)),
    "a stream of objects": lambda: _object_stream_bomb(_zeros(150)),
    "LZW": lambda: _one(b"\x80" * 400_000, b"/Filter /LZWDecode"),
}
"""Ways to make much of little."""


def _table_bomb(data: bytes) -> bytes:
    head = b"%PDF-1.7\n"
    entries = b"/Type /XRef /Size 50000000 /W [1 5 2] /Root 1 0 R /Filter /FlateDecode"
    return head + b"9 0 obj\n" + stream(data, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def _object_stream_bomb(data: bytes) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    rows = [b"\0" * 8]
    for number, body in {1: CATALOGUE, 2: PAGES, 3: PAGE, 4: stream(b"0 0 m", b"")}.items():
        rows.append(b"\1" + out.tell().to_bytes(5, "big") + b"\0\0")
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    rows.append(b"\1" + out.tell().to_bytes(5, "big") + b"\0\0")
    out.write(b"5 0 obj\n" + stream(data, b"/Type /ObjStm /N 1 /First 8 /Filter /FlateDecode") + b"\nendobj\n")
    rows.append(b"\2" + (5).to_bytes(5, "big") + b"\0\0")
    at = out.tell()
    rows.append(b"\1" + at.to_bytes(5, "big") + b"\0\0")
    table = stream(b"".join(rows), b"/Type /XRef /Size 8 /W [1 5 2] /Root 1 0 R")
    out.write(b"7 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % at)
    return out.getvalue()


def circles() -> dict[str, bytes]:
    """Things that lead back to themselves, or down without end."""
    deep = b"[" * 20_000 + b"]" * 20_000
    loop = b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"
    far = b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>"
    form = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>"
    tagged = b"<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 5 0 R >>"
    boxed = b"[0 0 595 842]"
    good = page_with({})
    start = int(good.rsplit(b"startxref", 1)[1].split()[0])
    return {
        "a page tree that is its own child": page_with({}, o2=loop),
        "a page tree that runs round two nodes": page_with({5: b"<< /Type /Pages /Kids [2 0 R] >>"}, o2=far),
        "a page that is its own parent": page_with({}, o3=PAGE.replace(b"/Parent 2 0 R", b"/Parent 3 0 R")),
        "a page listed twice": page_with({}, o2=b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"),
        "pages without a tree": page_with({}, o1=b"<< /Type /Catalog /Pages 1 0 R >>"),
        "a catalogue that is no dictionary": page_with({}, o1=b"[ 1 0 R ]"),
        "no catalogue": plain_pdf({2: PAGES, 3: PAGE, 4: stream(b"", b"")}),
        "content that is its own length": page_with({}, o4=b"<< /Length 4 0 R >>\nstream\n0 0 m\nendstream"),
        "content that contains itself": page_with({}, o4=b"[ 4 0 R 4 0 R ]"),
        "a form field that is its own child": page_with({5: b"<< /T (a) /Kids [5 0 R] >>"}, o1=form),
        "a resource that refers to itself": page_with({5: b"5 0 R"}, o3=PAGE.replace(b"<< >>", b"5 0 R")),
        "a structure tree that is its own child": page_with({5: b"<< /K 5 0 R /S /P /ParentTree 5 0 R >>"}, o1=tagged),
        "a number tree that is its own child": page_with(
            {5: b"<< /Type /StructTreeRoot /ParentTree 6 0 R >>", 6: b"<< /Kids [6 0 R] >>"}, o1=tagged
        ),
        "annotations that are a page": page_with({}, o3=PAGE[:-2] + b"/Annots 3 0 R >>"),
        "boxes that are references to themselves": page_with(
            {5: b"[ 5 0 R 5 0 R 5 0 R 5 0 R ]"}, o3=PAGE.replace(boxed, b"5 0 R")
        ),
        "a box of nonsense": page_with({}, o3=PAGE.replace(boxed, b"[0 0 (a) null]")),
        "a box without area": page_with({}, o3=PAGE.replace(boxed, b"[0 0 0 0]")),
        "an endless page": page_with({}, o3=PAGE.replace(b"595", b"1e300").replace(b"842", b"9" * 300)),
        "a table that goes before itself": plain_pdf(
            {1: CATALOGUE, 2: PAGES, 3: PAGE, 4: stream(b"0 0 m", b"")}, trailer=b"/Prev %d" % start
        ),
        "arrays twenty thousand deep": page_with({5: deep}),
        "content nested without end": page_with({}, o4=stream(deep, b"")),
        "a negative length": page_with({}, o4=b"<< /Length -5 >>\nstream\n0 0 m\nendstream"),
        "a rotation of seven degrees": page_with({}, o3=PAGE[:-2] + b"/Rotate 7 >>"),
        "a user unit of nothing": page_with({}, o3=PAGE[:-2] + b"/UserUnit 0 >>"),
    }
