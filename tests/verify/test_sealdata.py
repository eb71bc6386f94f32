"""What the file says about its impression comes back as it went in, through a real PDF, or is refused by its entry."""

from __future__ import annotations

import io

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealverify.digest import Digest
from sealverify.errors import MalformedSealData
from sealverify.sealdata import ImpressionData, ImpressionForm, Place, decode, encode

NUMBER = st.integers(-2_000_000, 2_000_000).map(lambda value: value / 100)


@st.composite
def places(draw: st.DrawFn) -> Place:
    left, bottom = draw(NUMBER), draw(NUMBER)
    width, height = draw(st.integers(1, 50_000)) / 100, draw(st.integers(1, 50_000)) / 100
    of = draw(st.integers(1, 30))
    rect = (left, bottom, round(left + width, 2), round(bottom + height, 2))
    return Place(page=draw(st.integers(0, 500)), rect=rect, slice=draw(st.integers(1, of)), of=of, group=1)


@st.composite
def impressions(draw: st.DrawFn) -> ImpressionData:
    form = draw(st.sampled_from(ImpressionForm))
    visible = form is not ImpressionForm.INVISIBLE
    return ImpressionData(
        seal_code=draw(st.from_regex(r"[0-9]{14}", fullmatch=True)),
        impression_id=str(draw(st.uuids())),
        matter=draw(st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=50)),
        form=form,
        image=Digest.of(b"picture") if visible else None,
        picture=(1, 0) if visible else None,
        groups=1,
        places=tuple(draw(st.lists(places(), min_size=1, max_size=5))) if visible else (),
    )


def through_a_file(dictionary: bytes) -> pikepdf.Pdf:
    """The dictionary as /Sig of the catalogue of a file that was written and opened again."""
    pdf = pikepdf.new()
    pdf.Root["/Sig"] = pikepdf.Object.parse(dictionary.replace(b"1 0 R", b"/Here"))
    if "/Picture" in pdf.Root["/Sig"]:
        pdf.Root["/Sig"]["/Picture"] = pdf.make_indirect(pikepdf.Stream(pdf, b"0 0 m"))
    written = io.BytesIO()
    pdf.save(written, static_id=True)
    return pikepdf.open(written)


@given(impressions())
def test_round_trip_through_a_real_file(data: ImpressionData) -> None:
    assert encode(data).isascii()
    pdf = through_a_file(encode(data))
    found = decode(pdf.Root["/Sig"])
    assert found.picture is None or found.picture > (0, 0)
    assert ImpressionData(**{**vars(found), "picture": data.picture}) == data


GOOD = ImpressionData(
    seal_code="99012600012345",
    impression_id="0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d",
    matter="青审批〔2026〕17号",
    form=ImpressionForm.RIDING,
    image=Digest.of(b"picture"),
    picture=(1, 0),
    groups=1,
    places=(
        Place(page=0, rect=(575.28, 400, 595.28, 519.06), slice=1, of=2),
        Place(page=1, rect=(575, 400, 595, 519), slice=2, of=2),
    ),
)


def test_the_bytes_are_the_ones_the_format_page_shows() -> None:
    assert encode(GOOD) == (
        b"<< /V 1 /Seal (99012600012345) /Impression (0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d)"
        b" /Matter <feff97525ba162793014003200300032003630150031003753f7>"
        b" /Form /Riding /Image (" + Digest.of(b"picture").hex.encode() + b") /Picture 1 0 R /Groups 1"
        b" /Places [<< /Page 0 /Rect [575.28 400 595.28 519.06] /Slice 1 /Of 2 /Group 1 >>"
        b" << /Page 1 /Rect [575 400 595 519] /Slice 2 /Of 2 /Group 1 >>] >>"
    )


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("/V", 2),
        ("/V", True),
        ("/Seal", pikepdf.String("123")),
        ("/Seal", 12345678901234),
        ("/Impression", pikepdf.String("../../etc/passwd")),
        ("/Form", pikepdf.Name("/Other")),
        ("/Image", pikepdf.String("zz")),
        ("/Groups", 0),
        ("/Places", pikepdf.Array([])),
        ("/Places", pikepdf.Array([1])),
        ("/Places", pikepdf.Array([pikepdf.Dictionary(Page=0, Rect=[0, 0, 1], Slice=1, Of=1, Group=1)])),
        ("/Places", pikepdf.Array([pikepdf.Dictionary(Page=0, Rect=[0, 0, 1, 1], Slice=2, Of=1, Group=1)])),
        ("/Places", pikepdf.Array([pikepdf.Dictionary(Page=-1, Rect=[0, 0, 1, 1], Slice=1, Of=1, Group=1)])),
        ("/Places", pikepdf.Array([pikepdf.Dictionary(Page=0, Rect=[0, 0, -1, 1], Slice=1, Of=1, Group=1)])),
    ],
)
def test_an_entry_that_cannot_be_followed_is_named(entry: str, value: object) -> None:
    pdf = through_a_file(encode(GOOD))
    dictionary = pdf.Root["/Sig"]
    dictionary[entry] = value
    with pytest.raises(MalformedSealData) as refusal:
        decode(dictionary)
    assert refusal.value.code == "SEAL_DATA"


def test_a_picture_belongs_to_a_visible_seal_and_only_to_one() -> None:
    with pytest.raises(MalformedSealData):
        ImpressionData(**{**vars(GOOD), "picture": None})
    with pytest.raises(MalformedSealData):
        ImpressionData(**{**vars(GOOD), "form": ImpressionForm.INVISIBLE})
    with pytest.raises(MalformedSealData):
        decode(pikepdf.Array([]))
