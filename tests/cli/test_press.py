"""`sealservice press`: every way to say where, several files at once, and where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sealverify.examination import examine_document
from sealverify.policy import Policy
from tests.cli.conftest import CODE
from tests.cli.terminal import Terminal, command
from tests.support.houses import SAMPLES
from tests.support.judges import pdfsig, pyhanko_verdicts, qpdf_complaints, signature_count

LETTER = SAMPLES / "approval-letter-1-page.pdf"
REPLY = SAMPLES / "approval-reply-3-page.pdf"
SCAN = SAMPLES / "scan-bilevel-g4-img2pdf.pdf"


def _press(office: Terminal, document: Path, out: Path, *options: object) -> dict[str, Any]:
    (result,) = office.do("press", document, "--seal", CODE, "-o", out, *options)["results"]
    assert qpdf_complaints(out) == ""
    assert "Signature is Valid." in pdfsig(out)
    return dict(result)


def _pages(result: dict[str, Any]) -> list[int]:
    return [place["page"] for place in result["places"]]


def test_at_a_place_in_millimetres_from_the_top_left(office: Terminal, tmp_path: Path) -> None:
    result = _press(office, REPLY, tmp_path / "out.pdf", "--at", "-1,150,200.5")
    (place,) = result["places"]
    assert (place["page"], place["x_mm"], place["y_mm"]) == (3, pytest.approx(150), pytest.approx(200.5))
    assert result["form"] == "Single"
    assert (result["level"], result["timestamp_source"]) == ("B-T", "own")


def test_on_a_keyword_first_last_or_every_with_an_offset(office: Terminal, tmp_path: Path) -> None:
    on = _press(office, LETTER, tmp_path / "on.pdf", "--keyword", "盖章")["places"][0]
    off = _press(office, LETTER, tmp_path / "off.pdf", "--keyword", "盖章", "--offset", "-10,5")["places"][0]
    assert (off["x_mm"] - on["x_mm"], off["y_mm"] - on["y_mm"]) == (pytest.approx(-10), pytest.approx(5))
    every = _press(office, REPLY, tmp_path / "every.pdf", "--keyword", "许可", "--hits", "every")
    first = _press(office, REPLY, tmp_path / "first.pdf", "--keyword", "许可", "--hits", "first")
    assert len(every["places"]) > 1
    assert _pages(first) == _pages(every)[:1]


def test_without_a_place_it_goes_where_the_document_says(office: Terminal, tmp_path: Path) -> None:
    assert _pages(_press(office, REPLY, tmp_path / "words.pdf")) == [3]
    assert _pages(_press(office, SCAN, tmp_path / "scan.pdf")) == [2]


def test_in_a_named_field(office: Terminal, tmp_path: Path) -> None:
    form = SAMPLES / "form-empty-signature-field-pyhanko.pdf"
    result = _press(office, form, tmp_path / "out.pdf", "--field", "ApprovalSeal")
    (place,) = result["places"]
    left, bottom, right, top = place["rect"]
    assert ((left + right) / 2, (bottom + top) / 2) == (pytest.approx(400, abs=0.1), pytest.approx(185, abs=0.1))


def test_riding_over_the_edges_of_chosen_pages(office: Terminal, tmp_path: Path) -> None:
    result = _press(office, REPLY, tmp_path / "out.pdf", "--riding")
    assert (_pages(result), {place["of"] for place in result["places"]}) == ([1, 2, 3], {3})
    chosen = _press(office, REPLY, tmp_path / "two.pdf", "--riding", "--pages", "1-2", "--edge", "left", "--cut", 0.4)
    assert _pages(chosen) == [1, 2]
    groups = _press(office, SAMPLES / "variant-mixed-page-sizes-qpdf.pdf", tmp_path / "g.pdf", "--riding", "--group", 2)
    assert {place["group"] for place in groups["places"]} == {1, 2}


def test_on_every_page_and_on_none(office: Terminal, tmp_path: Path) -> None:
    assert _pages(_press(office, REPLY, tmp_path / "every.pdf", "--every-page")) == [1, 2, 3]
    there = _press(office, REPLY, tmp_path / "there.pdf", "--every-page", "--spot", "100,100")["places"]
    assert {(round(place["x_mm"]), round(place["y_mm"])) for place in there} == {(100, 100)}
    nowhere = _press(office, REPLY, tmp_path / "none.pdf", "--invisible")
    assert (nowhere["places"], nowhere["form"]) == ([], "Invisible")


def test_the_reason_and_the_matter_stand_in_the_file(office: Terminal, tmp_path: Path) -> None:
    result = _press(
        office, LETTER, tmp_path / "o.pdf", "--reason", "准予许可", "--matter", "青审〔2026〕15号", "--level", "B-B"
    )
    assert (result["reason"], result["matter"], result["level"]) == ("准予许可", "青审〔2026〕15号", "B-B")
    assert (result["timestamp_at"], result["timestamp_source"]) == (None, None)
    (signature,) = examine_document(tmp_path / "o.pdf", Policy()).as_json()["signatures"]
    assert (signature["reason"], signature["matter"]) == ("准予许可", "青审〔2026〕15号")


def test_departments_one_after_another_in_fields_that_the_first_set_down(office: Terminal, tmp_path: Path) -> None:
    first, second, last = (tmp_path / f"{number}.pdf" for number in (1, 2, 3))
    fields = ("--next", "二审@3,50,230", "--next", "终审@3,100,230,43x43")
    _press(office, REPLY, first, "--at", "3,150,180", "--first-of-several", *fields)
    outside = office.ask("press", first, "--seal", CODE, "-o", second, "--at", "1,100,100")
    assert outside.value["results"][0]["error"]["code"] == "CERTIFIED_NEEDS_FIELD"
    _press(office, first, second, "--field", "二审")
    _press(office, second, last, "--field", "终审", "--final")
    assert signature_count(last) == 3
    assert all(verdict.intact and verdict.valid and verdict.docmdp_ok for verdict in pyhanko_verdicts(last))
    closed = office.ask("press", last, "--seal", CODE, "-o", tmp_path / "4.pdf", "--invisible")
    assert (closed.code, closed.value["results"][0]["error"]["code"]) == (1, "DOCUMENT_LOCKED")
    assert not (tmp_path / "4.pdf").exists()


def test_a_dangerous_file_names_the_switch_that_would_let_it_through(office: Terminal, tmp_path: Path) -> None:
    scripted = SAMPLES / "refuse" / "javascript-open-action.pdf"
    said = office.say("press", scripted, "--seal", CODE, "-o", tmp_path / "o.pdf", "--at", "1,100,100", language="zh")
    assert said.code == 1
    assert "JavaScript" in said.out
    assert "--allow javascript" in said.out
    assert not (tmp_path / "o.pdf").exists()
    _press(office, scripted, tmp_path / "o.pdf", "--at", "1,100,100", "--allow", "javascript")


def test_many_files_go_into_a_folder_and_a_refused_one_stops_none(office: Terminal, tmp_path: Path) -> None:
    files = [LETTER, SAMPLES / "refuse" / "xfa-form.pdf", tmp_path / "missing.pdf", REPLY]
    said = office.ask("press", *files, "--seal", CODE, "-o", tmp_path / "out")
    assert said.code == 1
    results = said.value["results"]
    assert [result["file"] for result in results] == [str(file) for file in files]
    assert [result.get("error", {}).get("code") for result in results] == [
        *(None, "DOCUMENT_HAS_XFA", "DOCUMENT_FILE_UNREADABLE", None),
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [LETTER.name, REPLY.name]

    told = office.say("press", *files, "--seal", CODE, "-o", tmp_path / "again", language="zh")
    assert told.code == 1
    assert told.out.count("✓") == 2
    assert told.out.count("✗") == 2
    assert "已盖章 2 份，被拒或失败 2 份" in told.out


def test_one_file_goes_to_a_name_or_into_a_folder_that_is_there(office: Terminal, tmp_path: Path) -> None:
    _press(office, LETTER, tmp_path / "new" / "deep" / "name.pdf")
    (tmp_path / "folder").mkdir()
    office.do("press", LETTER, "--seal", CODE, "-o", tmp_path / "folder")
    assert (tmp_path / "folder" / LETTER.name).exists()


def _refused(office: Terminal, *arguments: object) -> str:
    said = office.ask("press", *arguments)
    assert said.code in (1, 64)
    return said.error


def test_a_file_is_never_written_over_itself_or_over_another_of_the_same_command(
    office: Terminal, tmp_path: Path
) -> None:
    mine, link, other = tmp_path / "mine.pdf", tmp_path / "link.pdf", tmp_path / "other" / "mine.pdf"
    mine.write_bytes(LETTER.read_bytes())
    link.symlink_to(mine)
    other.parent.mkdir()
    other.write_bytes(REPLY.read_bytes())
    for out in (mine, link, tmp_path):
        assert _refused(office, mine, "--seal", CODE, "-o", out) == "OUTPUT_IS_INPUT"
    assert _refused(office, mine, other, "--seal", CODE, "-o", tmp_path / "out") == "SAME_NAME_TWICE"
    assert mine.read_bytes() == LETTER.read_bytes()
    assert _refused(office, LETTER, REPLY, "--seal", CODE, "-o", mine) == "OUTPUT_FOR_MANY"
    assert _refused(office, LETTER, "--seal", CODE, "-o", mine / "out.pdf") == "FILE_UNWRITABLE"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--at", "1,2"), "PLACE_UNREADABLE"),
        (("--at", "1,nan,2"), "PLACE_UNREADABLE"),
        (("--at", "1.5,10,10"), "PLACE_UNREADABLE"),
        (("--at", "1e999,10,10"), "PLACE_UNREADABLE"),
        (("--at", "一,二,三"), "PLACE_UNREADABLE"),
        (("--every-page", "--spot", "10"), "PLACE_UNREADABLE"),
        (("--keyword", "章", "--offset", "a,b"), "PLACE_UNREADABLE"),
        (("--riding", "--pages", "1-"), "PAGES_UNREADABLE"),
        (("--riding", "--pages", "two"), "PAGES_UNREADABLE"),
        (("--riding", "--pages", "3-1"), "PAGES_UNREADABLE"),
        (("--riding", "--pages", ","), "PAGES_UNREADABLE"),
        (("--riding", "--pages", "1-999999999"), "PAGES_UNREADABLE"),
        (("--at", "1,50,50", "--invisible"), "PLACE_TWICE"),
        (("--first-of-several", "--final"), "FIRST_AND_FINAL"),
        (("--next", "下一个@3,50,50"), "NEXT_FIELDS_ONLY_FIRST"),
        (("--first-of-several", "--next", "下一个"), "NEXT_FIELD_UNREADABLE"),
        (("--first-of-several", "--next", "下一个@1,50,50,1.2.3x4"), "NEXT_FIELD_UNREADABLE"),
        (("--first-of-several", "--next", "下一个@1,50"), "PLACE_UNREADABLE"),
        (("--reason", "一\n二"), "TEXT_WRONG"),
        (("--matter", "号" * 201), "TEXT_WRONG"),
        (("--cut", "nan", "--riding"), "USAGE_WRONG"),
        (("--hits", "most"), "USAGE_WRONG"),
        (("--level", "B-LTA"), "USAGE_WRONG"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    office: Terminal, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    before = office.do("impressions", "list")
    said = office.ask("press", LETTER, "--seal", CODE, "-o", tmp_path / "out.pdf", *options)
    told = said.value
    error = told["error"] if "error" in told else told["results"][0]["error"]
    assert (said.code, error["code"]) == (1 if code in {"NEXT_FIELDS_ONLY_FIRST", "TEXT_WRONG"} else 64, code)
    assert office.do("impressions", "list") == before
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize(
    ("document", "options", "code"),
    [
        (LETTER, ("--at", "2,100,100"), "PAGE_NOT_THERE"),
        (LETTER, ("--at", "0,100,100"), "PAGE_NOT_THERE"),
        (LETTER, ("--at", "1,5,5"), "PLACE_OUTSIDE_PAGE"),
        (LETTER, ("--keyword", "没有这些字"), "KEYWORD_NOT_FOUND"),
        (LETTER, ("--keyword", ""), "KEYWORD_EMPTY"),
        (SCAN, ("--keyword", "盖章"), "DOCUMENT_WITHOUT_TEXT"),
        (LETTER, ("--field", "NoSuchField"), "FIELD_NOT_FOUND"),
        (LETTER, ("--riding",), "RIDING_NEEDS_TWO_PAGES"),
        (REPLY, ("--riding", "--pages", "3"), "RIDING_NEEDS_TWO_PAGES"),
        (SAMPLES / "signed-once-approval-pyhanko.pdf", ("--every-page",), "SIGNED_TAKES_ONE_PICTURE"),
        (SAMPLES / "signed-once-approval-pyhanko.pdf", ("--first-of-several",), "SIGNED_CANNOT_BE_CERTIFIED"),
    ],
)
def test_a_place_that_the_document_does_not_have_is_refused_before_the_intent(
    office: Terminal, tmp_path: Path, document: Path, options: tuple[str, ...], code: str
) -> None:
    before = office.do("impressions", "list")
    said = office.ask("press", document, "--seal", CODE, "-o", tmp_path / "out.pdf", *options)
    assert (said.code, said.value["results"][0]["error"]["code"]) == (1, code)
    assert office.do("impressions", "list") == before


def test_pressing_again_under_one_key_gives_the_recorded_impression(office: Terminal, tmp_path: Path) -> None:
    once = ("press", LETTER, "--seal", CODE, "--idempotency-key", "青审-15", "-o")
    (first,) = office.do(*once, tmp_path / "1.pdf")["results"]
    (again,) = office.do(*once, tmp_path / "2.pdf")["results"]
    assert again["impression"] == first["impression"]
    assert (tmp_path / "1.pdf").read_bytes() == (tmp_path / "2.pdf").read_bytes()
    two = office.ask("press", LETTER, REPLY, "--seal", CODE, "--idempotency-key", "k", "-o", tmp_path / "out")
    assert two.error == "IDEMPOTENCY_KEY_FOR_ONE"


def test_what_is_recorded_but_could_not_be_written_out_says_how_to_fetch_it(office: Terminal, tmp_path: Path) -> None:
    (tmp_path / "out" / LETTER.name).mkdir(parents=True)
    said = office.ask("press", LETTER, "--seal", CODE, "-o", tmp_path / "out")
    (result,) = said.value["results"]
    assert (said.code, result["error"]["code"], result["state"]) == (1, "OUTPUT_UNWRITABLE", "RECORDED")
    office.do("impressions", "fetch", result["impression"], "-o", tmp_path / "fetched.pdf")
    told = office.say("press", LETTER, "--seal", CODE, "-o", tmp_path / "out")
    assert "sealservice impressions fetch" in told.out


def test_verify_gives_the_verifiers_verdict_with_this_houses_anchor(office: Terminal, tmp_path: Path) -> None:
    _press(office, LETTER, tmp_path / "sealed.pdf")
    told = command("verify", tmp_path / "sealed.pdf", home=office.home, SEALSERVICE_LANG="zh")
    assert (told.code, "真实有效" in told.out) == (0, True)
    changed = bytearray((tmp_path / "sealed.pdf").read_bytes())
    changed[len(LETTER.read_bytes()) // 2] ^= 1
    (tmp_path / "changed.pdf").write_bytes(changed)
    report = command("verify", tmp_path / "changed.pdf", "--json", home=office.home)
    assert (report.code, report.value["conclusion"]) == (1, "FAILED")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing.pdf",),
        (LETTER, "--at", "noon"),
        (LETTER, REPLY),
        (LETTER, "--trust-signer", LETTER),
        (LETTER, "--x"),
    ],
    ids=str,
)
def test_verify_asked_wrongly_is_64_for_people_and_for_programs(
    office: Terminal, arguments: tuple[object, ...]
) -> None:
    said = office.say("verify", *arguments)
    assert (said.code, said.out) == (64, "")
    assert said.err.startswith("usage: sealverify")
    asked = office.ask("verify", *arguments)
    assert (asked.code, asked.error) == (64, "USAGE_WRONG")
    assert office.say("verify", "-h").code == 0
