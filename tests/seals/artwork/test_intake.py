"""Pictures from outside: the samples come in, hostile and unfit ones are refused by name."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork import MediaType, accept_picture, png_preview, typeset_picture

SAMPLES = Path("tests/samples")
SEALS = {"seal-official-round": (42, 42), "seal-invoice-oval": (40, 30), "seal-personal-square": (20, 20)}
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 42 42">'
DISC = '<circle id="c" cx="21" cy="21" r="15" fill="#D7000F"/>'


def svg(*body: str, head: str = HEAD) -> bytes:
    return "".join((head, *body, "</svg>")).encode()


def png(mode: str = "RGBA", size: tuple[int, int] = (600, 600), colour: object = (0, 0, 0, 0)) -> Image.Image:
    image = Image.new(mode, size, colour)  # type: ignore[arg-type]
    if mode == "RGBA":
        image.paste((215, 0, 15, 255), (100, 100, 300, 300))
    return image


def saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def refusal(data: bytes, width_mm: float = 42, height_mm: float = 42) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        accept_picture(data, width_mm=width_mm, height_mm=height_mm)
    assert "{" not in refused.value.text.en + refused.value.text.zh
    return refused.value


@pytest.mark.parametrize("name", SEALS)
@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_sample_seals_come_in_and_can_be_set(name: str, suffix: str) -> None:
    width, height = SEALS[name]
    picture = accept_picture((SAMPLES / f"{name}.{suffix}").read_bytes(), width_mm=width, height_mm=height)
    assert picture.vector is (suffix == "svg")
    assert typeset_picture(picture.source, picture.media_type, width, height).startswith(b"%PDF-")


FOREIGN = '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>'
LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
HOSTILE = {
    "document type": (LAUGHS.encode() + svg(DISC), "PICTURE_SVG_DOCTYPE"),
    "outside entity": (b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + svg(DISC), "PICTURE_SVG_DOCTYPE"),
    "style sheet instruction": (b'<?xml-stylesheet href="http://x/"?>' + svg(DISC), "PICTURE_SVG_INSTRUCTION"),
    "script": (svg(DISC, "<script>alert(1)</script>"), "PICTURE_SVG_SCRIPT"),
    "script of a web page": (
        svg(DISC, '<h:script xmlns:h="http://www.w3.org/1999/xhtml">1</h:script>'),
        "PICTURE_SVG_SCRIPT",
    ),
    "event handler": (svg('<path d="M0 0H9V9Z" onload="alert(1)"/>'), "PICTURE_SVG_EVENT_HANDLER"),
    "event handler in capitals": (svg('<path d="M0 0H9V9Z" ONCLICK="x()"/>'), "PICTURE_SVG_EVENT_HANDLER"),
    "link out": (svg('<use href="http://example.org/seal.svg#c"/>', DISC), "PICTURE_SVG_REFERENCE"),
    "old link to a file": (svg('<use xlink:href="file:///etc/passwd"/>', DISC), "PICTURE_SVG_REFERENCE"),
    "paint from outside": (svg('<path d="M0 0H9Z" fill="url(http://x/#g)"/>'), "PICTURE_SVG_REFERENCE"),
    "style from outside": (svg('<path d="M0 0H9Z" style="fill:URL( x.svg#g )"/>'), "PICTURE_SVG_REFERENCE"),
    "escaped style": (svg(r'<path d="M0 0H9Z" style="fill:\75rl(http://x/)"/>'), "PICTURE_SVG_REFERENCE"),
    "base moved": (svg('<g xml:base="http://x/">', DISC, "</g>"), "PICTURE_SVG_REFERENCE"),
    "anchor": (svg('<a href="#c">', DISC, "</a>"), "PICTURE_SVG_ELEMENT"),
    "sheet that imports": (svg("<style>@import 'http://x/'</style>", DISC), "PICTURE_SVG_STYLE"),
    "sheet that fetches": (svg("<style>.a{fill:url(http://x/)}</style>", DISC), "PICTURE_SVG_STYLE"),
    "sheet with a font": (svg("<style><![CDATA[@font-face{}]]></style>", DISC), "PICTURE_SVG_STYLE"),
    "sheet around an element": (svg("<style>@import 'x'<g/></style>", DISC), "PICTURE_SVG_STYLE"),
    "foreign object": (svg(DISC, FOREIGN), "PICTURE_SVG_FOREIGN"),
    "web page element": (svg(DISC, '<b xmlns="http://www.w3.org/1999/xhtml"/>'), "PICTURE_SVG_ELEMENT"),
    "text": (svg(DISC, '<text x="1" y="9">公章</text>'), "PICTURE_SVG_TEXT"),
    "image outside": (svg(DISC, '<image href="http://example.org/x.png"/>'), "PICTURE_SVG_IMAGE"),
    "image inside": (svg(DISC, '<image href="data:image/png;base64,AAAA"/>'), "PICTURE_SVG_IMAGE"),
    "animation": (svg(DISC, '<animate attributeName="r" to="9"/>'), "PICTURE_SVG_ANIMATION"),
    "filter": (svg('<filter id="f"/>', DISC), "PICTURE_SVG_FILTER"),
    "filter in a style": (svg('<path d="M0 0H9Z" style="fill:red; filter : blur(2px)"/>'), "PICTURE_SVG_FILTER"),
    "filter attribute": (svg('<path d="M0 0H9Z" filter="blur(2px)"/>'), "PICTURE_SVG_FILTER"),
    "svg in svg": (svg(DISC, "<svg/>"), "PICTURE_SVG_ELEMENT"),
    "unknown namespace": (svg(DISC, '<x:y xmlns:x="urn:x"/>'), "PICTURE_SVG_ELEMENT"),
    "no namespace": (svg(DISC, head='<svg viewBox="0 0 42 42">'), "PICTURE_SVG_ELEMENT"),
    "no shape": (svg("<g/>"), "PICTURE_BLANK"),
    "cut short": (svg(DISC)[:-4], "PICTURE_NOT_READABLE"),
    "other encoding": (b"<?xml version='1.0'?>" + svg(DISC, "<desc>").replace(b"desc", b"\xff"), None),
    "no size": (svg(DISC, head=HEAD.replace(' viewBox="0 0 42 42"', "")), "PICTURE_SVG_SIZE"),
    "two sizes": (svg(DISC, head=HEAD[:-1] + ' width="42mm" height="21mm">'), "PICTURE_SVG_SIZE"),
    "empty box": (svg(DISC, head=HEAD.replace("0 0 42 42", "0 0 0 0")), "PICTURE_SVG_SIZE"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_an_svg_that_is_more_than_a_drawing_is_refused_by_name(data: bytes, code: str | None) -> None:
    assert refusal(data).code == (code or "PICTURE_NOT_READABLE")


def test_the_refusal_says_what_was_found_and_in_which_line() -> None:
    refused = refusal(svg(DISC, "\n\n<tspan/>"))
    assert (refused.details["found"], refused.details["line"]) == ("tspan", 3)
    assert "outlines" in refused.text.en
    assert "曲线" in refused.text.zh


def test_a_small_svg_that_unfolds_into_a_large_one_is_refused() -> None:
    tenfold = [
        f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" if level else f'<g id="l0">{DISC}</g>'
        for level in range(9)
    ]
    assert refusal(svg(*tenfold)).code == "PICTURE_SVG_TOO_COMPLEX"


def test_an_svg_that_refers_to_itself_or_in_a_long_chain_is_refused() -> None:
    assert refusal(svg('<g id="a"><use href="#a"/></g>', DISC)).code == "PICTURE_SVG_TOO_COMPLEX"
    chain = [f'<g id="n{i}"><use xlink:href="#n{i + 1}"/></g>' for i in range(2000)]
    assert refusal(svg(*chain, DISC)).code == "PICTURE_SVG_TOO_COMPLEX"
    clips = [f'<clipPath id="p{i}"><path d="M0 0H9V9Z" clip-path="url(#p{i + 1})"/></clipPath>' for i in range(2000)]
    assert refusal(svg(*clips, DISC)).code == "PICTURE_SVG_TOO_COMPLEX"


def test_an_svg_with_too_many_or_too_deep_elements_is_refused() -> None:
    assert refusal(svg(DISC * 6000)).code == "PICTURE_SVG_TOO_COMPLEX"
    assert refusal(svg("<g>" * 40, DISC, "</g>" * 40)).code == "PICTURE_SVG_TOO_COMPLEX"
    assert refusal(svg(DISC, " " * 1_100_000)).code == "PICTURE_TOO_LARGE"


def test_what_drawing_programs_write_comes_in() -> None:
    data = b"\xef\xbb\xbf" + svg(
        "<title>印</title><metadata>",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        '<rdf:li rdf:resource="http://example.org/licence"/></rdf:RDF>',
        "</metadata><style>.r{fill:#d7000f;stroke:none}</style>",
        '<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"/>',
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient>',
        '<radialGradient id="h" xlink:href="#g"/><clipPath id="k"><rect width="42" height="42"/></clipPath></defs>',
        '<g clip-path="url(#k)">',
        DISC.replace("/>", ' class="r" style="stroke:url(#h)"/>'),
        '</g><use xlink:href="#c"/>',
    )
    picture = accept_picture(data, width_mm=42, height_mm=42)
    pdf = typeset_picture(picture.source, picture.media_type, 42, 42)
    image = Image.open(io.BytesIO(png_preview(pdf, 100)))
    assert image.getpixel((50, 50)) == (215, 0, 15, 255)


def test_a_file_is_what_its_first_bytes_say() -> None:
    assert accept_picture(saved(png()), width_mm=42, height_mm=42).media_type is MediaType.PNG
    assert refusal(b"").code == "PICTURE_EMPTY"
    for data in (b"\xff\xd8\xff\xe0 JFIF", b"%PDF-1.7", b"GIF89a", b"<html><svg/></html>", b"\x1f\x8b svgz"):
        assert refusal(data).code == "PICTURE_UNKNOWN_FORMAT"


def test_the_proportion_must_be_that_of_the_true_size() -> None:
    round_svg = (SAMPLES / "seal-official-round.svg").read_bytes()
    assert accept_picture(round_svg, width_mm=42, height_mm=41.7).height_mm == 41.7
    assert refusal(round_svg, 42, 41).code == "PICTURE_PROPORTION"
    assert refusal(saved(png()), 40, 30).code == "PICTURE_PROPORTION"
    for size in ((2, 2), (500, 500), (float("nan"), 42)):
        assert refusal(round_svg, *size).code == "ARTWORK_SIZE"


def test_a_png_must_be_fine_enough_for_print() -> None:
    assert accept_picture(saved(png(size=(496, 496))), width_mm=42, height_mm=42)
    refused = refusal(saved(png(size=(495, 495)).resize((480, 480))))
    assert (refused.code, refused.details["dpi"]) == ("PICTURE_TOO_COARSE", 290)


def test_a_png_that_promises_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    assert refusal(b"\x89PNG\r\n\x1a\n" + chunk).code == "PICTURE_TOO_MANY_PIXELS"


def test_a_broken_cut_or_moving_png_is_refused() -> None:
    whole = saved(png())
    assert refusal(whole[:20]).code == "PICTURE_NOT_READABLE"
    assert refusal(whole[:200]).code == "PICTURE_NOT_READABLE"
    assert refusal(whole[:60] + bytes(len(whole) - 60)).code == "PICTURE_NOT_READABLE"
    moving = saved(png(), save_all=True, append_images=[png(colour=(9, 9, 9, 9))])
    assert refusal(moving).code == "PICTURE_ANIMATED"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "I;16", "RGBA"])
def test_a_png_without_transparency_is_refused_unless_its_white_may_go(mode: str) -> None:
    paper = Image.new("RGB", (600, 600), "white")
    paper.paste((215, 0, 15), (100, 100, 300, 300))
    data = saved(paper.convert("L").convert(mode) if mode == "I;16" else paper.convert(mode))
    assert refusal(data).code == "PICTURE_OPAQUE"
    picture = accept_picture(data, width_mm=42, height_mm=42, white_to_transparent=True)
    image = Image.open(io.BytesIO(picture.source))
    assert image.mode == "RGBA"
    assert image.getpixel((10, 10))[3] == 0
    assert image.getpixel((200, 200))[3] > 60 or mode == "1"


def test_taking_white_out_changes_nothing_on_white_paper_and_leaves_no_rim() -> None:
    scan = Image.open(SAMPLES / "seal-official-round.png")
    paper = Image.alpha_composite(Image.new("RGBA", scan.size, "white"), scan)
    picture = accept_picture(saved(paper.convert("RGB")), width_mm=42, height_mm=42, white_to_transparent=True)
    clean = Image.open(io.BytesIO(picture.source))
    back = Image.alpha_composite(Image.new("RGBA", scan.size, "white"), clean)
    differences = [abs(a - b) for a, b in zip(back.tobytes(), paper.tobytes(), strict=True)]
    assert max(differences) <= 2
    on_black = Image.alpha_composite(Image.new("RGBA", scan.size, "black"), clean).convert("RGB")
    assert max(on_black.getchannel("G").getextrema()) < 32  # no white is left anywhere


def test_what_else_was_in_a_png_stays_outside() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", "somebody who need not be known")
    picture = accept_picture(saved(png(), pnginfo=notes), width_mm=42, height_mm=42)
    assert b"somebody" not in picture.source
    assert picture == accept_picture(saved(png(), compress_level=1), width_mm=42, height_mm=42)


def test_a_picture_that_hides_the_text_or_shows_nothing_is_refused_when_one_can_see_it() -> None:
    for body, code in (
        ('<rect width="42" height="42" fill="white"/>' + DISC, "PICTURE_COVERS_TEXT"),
        (DISC.replace("#D7000F", "none"), "PICTURE_BLANK"),
        (DISC.replace('cx="21"', 'cx="900"'), "PICTURE_BLANK"),
    ):
        picture = accept_picture(svg(body), width_mm=42, height_mm=42)
        with pytest.raises(InvalidInput) as refused:
            typeset_picture(picture.source, picture.media_type, 42, 42)
        assert refused.value.code == code
