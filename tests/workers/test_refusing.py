"""What is not pressed on, each by its own name, in two languages, with the switch that would allow it."""

from __future__ import annotations

import json
from pathlib import Path

import pikepdf
import pytest

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers import At, Automatic, Invisible, Limits, WorkerPool
from sealservice.workers.pdf.refusals import CODES
from sealverify.messages import catalogue
from tests.support.hostile import (
    BOMBS,
    DANGERS,
    LETTER,
    associated,
    changed,
    circles,
    page_with,
    with_escaped_name,
    with_unreferenced_script,
)
from tests.support.judges import pyhanko_verdicts, qpdf_complaints
from tests.support.pressing import SAMPLES, make_order, press

REFUSED = {
    "refuse/zero-byte.pdf": "DOCUMENT_EMPTY",
    "refuse/text-renamed.pdf": "DOCUMENT_IS_TEXT",
    "refuse/html-renamed.pdf": "DOCUMENT_IS_HTML",
    "refuse/docx-renamed.pdf": "DOCUMENT_IS_OFFICE",
    "refuse/truncated.pdf": "DOCUMENT_TRUNCATED",
    "refuse/javascript-open-action.pdf": "DOCUMENT_HAS_JAVASCRIPT",
    "refuse/javascript-name-tree.pdf": "DOCUMENT_HAS_JAVASCRIPT",
    "refuse/launch-action.pdf": "DOCUMENT_HAS_LAUNCH_ACTION",
    "refuse/embedded-file-attachment.pdf": "DOCUMENT_HAS_ATTACHMENTS",
    "refuse/xfa-form.pdf": "DOCUMENT_HAS_XFA",
    "refuse/certified-no-changes-allowed.pdf": "DOCUMENT_CERTIFIED",
    "encrypted-aes256-empty-user-password-qpdf.pdf": "DOCUMENT_ENCRYPTED",
    "encrypted-aes256-user-password-secret-qpdf.pdf": "DOCUMENT_NEEDS_PASSWORD",
    "signed-certified-form-filling-allowed-pyhanko.pdf": "CERTIFIED_NEEDS_FIELD",
    "seal-official-round.png": "DOCUMENT_IS_IMAGE",
}


def refusal(pool: WorkerPool, document: Path, tmp_path: Path, picture: Path, **changes: object) -> DocumentRefused:
    output = tmp_path / "output.pdf"
    with pytest.raises(DocumentRefused) as caught:
        press(pool, document, output, make_order(Automatic(), picture, **changes))
    assert not output.exists()
    sentence = caught.value.text
    assert "{" not in sentence.en + sentence.zh, "the sentence wants a name that it did not get"
    return caught.value


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_a_sample_is_refused_for_its_reason(
    name: str, code: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    assert refusal(pool, SAMPLES / name, tmp_path, picture).code == code


def test_the_refusal_says_who_certified(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    said = refusal(pool, SAMPLES / "refuse/certified-no-changes-allowed.pdf", tmp_path, picture)
    assert "Demo Co-signer" in said.text.en
    assert "Demo Co-signer" in said.text.zh


@pytest.mark.parametrize("danger", DANGERS)
def test_a_danger_is_refused_and_its_switch_allows_it(
    danger: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    change, code, switch = DANGERS[danger]
    document = changed(tmp_path / "document.pdf", change)
    said = refusal(pool, document, tmp_path, picture)
    assert (said.code, said.details["switch"]) == (code, switch)
    assert f"--allow {switch}" in said.text.zh
    allowed = make_order(Automatic(), picture, allow=frozenset({switch}))
    prepared = press(pool, document, tmp_path / "output.pdf", allowed)
    assert prepared.facts.allowed == (switch,)


def test_every_switch_needed_is_named_at_once(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    def both(pdf: pikepdf.Pdf) -> None:
        for danger in ("a program to start", "a script when a page opens"):
            DANGERS[danger][0](pdf)

    said = refusal(pool, changed(tmp_path / "document.pdf", both), tmp_path, picture)
    assert said.details["switches"] == "--allow javascript --allow launch"


def test_a_script_hides_neither_behind_escapes_nor_out_of_reach(
    pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    for document in (with_escaped_name(tmp_path / "a.pdf"), with_unreferenced_script(tmp_path / "b.pdf")):
        assert refusal(pool, document, tmp_path, picture).code == "DOCUMENT_HAS_JAVASCRIPT"
    packed = changed(tmp_path / "c.pdf", DANGERS["a script when a page opens"][0],
                     object_stream_mode=pikepdf.ObjectStreamMode.generate)  # fmt: skip
    assert refusal(pool, packed, tmp_path, picture).code == "DOCUMENT_HAS_JAVASCRIPT"


@pytest.mark.parametrize("kind", ["application/json", "text/xml"])
def test_associated_data_files_are_welcome(kind: str, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document = changed(tmp_path / "document.pdf", associated(kind))
    assert press(pool, document, tmp_path / "output.pdf", make_order(Automatic(), picture)).facts.allowed == ()


def test_encryption_without_a_password_goes_when_it_is_allowed(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document = SAMPLES / "encrypted-aes256-empty-user-password-qpdf.pdf"
    order = make_order(Automatic(), picture, allow=frozenset({"encryption"}))
    prepared = press(pool, document, tmp_path / "output.pdf", order)
    assert prepared.normalised == ("NORMALISED_ENCRYPTED",)
    with pikepdf.open(tmp_path / "output.pdf") as pdf:
        assert not pdf.is_encrypted
    assert pyhanko_verdicts(tmp_path / "output.pdf")[-1].intact
    assert qpdf_complaints(tmp_path / "output.pdf") == ""


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(kind: str, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document = tmp_path / "bomb.pdf"
    document.write_bytes(BOMBS[kind]())
    assert refusal(pool, document, tmp_path, picture).code == "DOCUMENT_UNPACKS_TOO_FAR"


@pytest.mark.parametrize("kind", circles())
def test_a_circle_ends_in_a_seal_or_a_refusal(kind: str, pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    document, output = tmp_path / "circle.pdf", tmp_path / "output.pdf"
    document.write_bytes(circles()[kind])
    code = None
    try:
        press(pool, document, output, make_order(At(page=1, x_mm=100, y_mm=100), picture))
    except DocumentRefused as said:
        code = said.code
    assert code in (None, "DOCUMENT_DAMAGED", "DOCUMENT_WITHOUT_PAGES", "PAGE_HAS_NO_SIZE")
    assert output.exists() == (code is None)
    if code is None:
        assert pyhanko_verdicts(output)[-1].intact
        assert qpdf_complaints(output) == "" or qpdf_complaints(document) != ""


def test_a_letter_cut_off_anywhere_is_refused(pool: WorkerPool, picture: Path, tmp_path: Path) -> None:
    """At every 4 KiB: half a document is never sealed."""
    for sample in (LETTER, SAMPLES / "variant-linearized-qpdf.pdf"):
        data = sample.read_bytes()
        for length in range(1, len(data) - 1024, 4096):
            (tmp_path / "cut.pdf").write_bytes(data[:length])
            said = refusal(pool, tmp_path / "cut.pdf", tmp_path, picture)
            assert said.code in ("DOCUMENT_TRUNCATED", "DOCUMENT_IS_TEXT", "DOCUMENT_DAMAGED")


def test_limits_are_said_with_their_figure(picture: Path, tmp_path: Path) -> None:
    limits = Limits(document_bytes=200_000, pages=2, objects=100)
    with WorkerPool(1, limits) as pool:
        for name, code, figure in (
            ("long-300-pages.pdf", "DOCUMENT_TOO_LARGE", "770331"),
            ("approval-reply-3-page.pdf", "DOCUMENT_TOO_MANY_PAGES", "2"),
        ):
            said = refusal(pool, SAMPLES / name, tmp_path, picture)
            assert said.code == code
            assert figure in said.text.en
        crowded = page_with({5 + number: b"<< >>" for number in range(100)})
        (tmp_path / "crowded.pdf").write_bytes(crowded)
        assert refusal(pool, tmp_path / "crowded.pdf", tmp_path, picture).code == "DOCUMENT_TOO_MANY_OBJECTS"


def test_an_invisible_seal_needs_no_picture(pool: WorkerPool, tmp_path: Path) -> None:
    prepared = press(pool, LETTER, tmp_path / "output.pdf", make_order(Invisible(), None))
    assert (prepared.form, prepared.places) == ("Invisible", ())
    assert pyhanko_verdicts(tmp_path / "output.pdf")[-1].intact


def test_every_refusal_has_a_switch_the_command_line_can_offer() -> None:
    sentences = catalogue("sealservice.messages")
    for code in CODES.values():
        assert "{switches}" in json.dumps(sentences.template(code).as_json())
