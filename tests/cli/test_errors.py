"""Whatever is typed, the answer is a sentence and a number, in both languages, and never a traceback."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystore.errors import KeyStoreMisconfigured, PinRefused, TokenUnavailable
from sealservice.cli.output import error_as_json, exit_code_of
from sealservice.kernel.errors import Conflict, Misconfigured, NotFound, Refused, Unavailable
from sealverify.errors import MalformedDocument
from tests.cli.conftest import CODE, CREDIT_CODE
from tests.cli.terminal import Terminal

WRONG = [
    (("orgs", "add", "11990126MB12345677", "--name", "某局"), 1, "CREDIT_CODE_WRONG"),
    (("orgs", "add", CREDIT_CODE, "--name", " "), 1, "NAME_WRONG"),
    (("people", "add", "李雷", "--name", "李雷"), 1, "HANDLE_WRONG"),
    (("people", "add", "li.lei", "--name", "李雷", "--as", "nobody"), 1, "PERSON_UNKNOWN"),
    (("people", "add", "li.lei", "--name", "李雷", "--org", CREDIT_CODE), 1, "ORGANIZATION_UNKNOWN"),
    (("seals", "show", CODE), 1, "SEAL_UNKNOWN"),
    (("seals", "approve", CODE), 1, "SEAL_UNKNOWN"),
    (("seals", "suspend", CODE, "--why", "查"), 1, "SEAL_UNKNOWN"),
    (("seals", "export", CODE, "-o", "/dev/null/record.zip"), 1, "SEAL_UNKNOWN"),
    (("seals", "make", CODE, "--chain", "/dev/null/chain.pem"), 1, "FILE_UNREADABLE"),
    (("seals", "request-renewal", CODE, "--until", "2099-13-45"), 64, "DATE_WRONG"),
    (("seals", "request", "--owner", CREDIT_CODE, "--kind", "official", "--keeper", "x"), 1, "ORGANIZATION_UNKNOWN"),
    (("keys", "generate", "--label", "x", "--purpose", "root"), 1, "KEY_PURPOSE_BY_CEREMONY"),
    (("keys", "retire", "00", "--why", "停用"), 1, "KEY_UNKNOWN"),
    (("impressions", "show", "none"), 1, "IMPRESSION_UNKNOWN"),
    (("impressions", "fetch", "none", "-o", "out.pdf"), 1, "IMPRESSION_UNKNOWN"),
    (("certificates", "trust"), 78, "AUTHORITY_MISSING"),
    (("certificates", "ceremony", "--name", "x", "--organization", "y", "--as", "nobody"), 1, "PERSON_UNKNOWN"),
]
USAGE = [
    ("frobnicate",),
    ("--frobnicate",),
    ("seals",),
    ("seals", "suspend", CODE),
    ("seals", "request", "--owner", CREDIT_CODE, "--kind", "imperial", "--keeper", "keeper"),
    ("seals", "request", "--owner", CREDIT_CODE, "--kind", "official", "--keeper", "keeper", "--width", "nan"),
    ("press",),
    ("impressions", "list", "--limit", "0"),
    ("keys", "test", "--seconds", "1000"),
]


@pytest.mark.parametrize(("arguments", "code", "name"), WRONG, ids=lambda value: str(value)[:40])
def test_a_refusal_is_a_code_for_programs_and_a_sentence_for_people(
    terminal: Terminal, arguments: tuple[str, ...], code: int, name: str
) -> None:
    asked = terminal.ask(*arguments)
    assert (asked.code, asked.error) == (code, name)
    told = asked.value["error"]
    for language in ("en", "zh"):
        said = terminal.say(*arguments, language=language)
        assert said.code == code
        assert "".join(told[language].split()) in "".join(said.out.split())
        assert said.out.startswith("✗ ")
    assert told["en"] != told["zh"]


@pytest.mark.parametrize("arguments", USAGE, ids=lambda value: " ".join(value)[:40])
def test_wrong_usage_is_told_as_such(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert (terminal.ask(*arguments).code, terminal.ask(*arguments).error) == (64, "USAGE_WRONG")
    for language, hint in (("en", "Add --help"), ("zh", "任何命令后加 --help")):
        said = terminal.say(*arguments, language=language)
        assert said.code == 64
        assert hint in said.out


def test_wrong_usage_is_told_in_chinese_too(terminal: Terminal) -> None:
    said = {
        "缺少 --why": ("seals", "suspend", "99012600012345"),
        "没有 --why-not 这个选项": ("seals", "suspend", "99012600012345", "--why-not"),
        "选项 --why 后须给出值": ("seals", "suspend", "99012600012345", "--why"),
        "--limit 的值不正确": ("impressions", "list", "--limit", "many"),
        "命令行有误": ("stamp",),
    }
    for words, arguments in said.items():
        assert words in terminal.say(*arguments, language="zh").out


@pytest.mark.parametrize(
    "command", ["", "init", "doctor", "demo", "press", "keys rotate", "seals request", "impressions"]
)
def test_every_command_explains_itself(terminal: Terminal, command: str) -> None:
    said = terminal.say(*command.split(), "--help")
    assert said.code == 0
    assert "Usage: sealservice" in said.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("SEAL_EXISTS", code=CODE), 1),
        (NotFound("SEAL_UNKNOWN", code=CODE), 1),
        (Conflict("SEAL_EXISTS", code=CODE), 1),
        (MalformedDocument("PDF_UNREADABLE", cause="x"), 1),
        (RuntimeError("我们的错"), 70),
        (Unavailable("DATABASE_UNAVAILABLE", reason="x"), 75),
        (TokenUnavailable("KEYSTORE_BUSY", waiting=1, retry_after=1), 75),
        (Misconfigured("AUTHORITY_MISSING"), 78),
        (KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_FOUND", module="x"), 78),
        (PinRefused("KEYSTORE_PIN_REFUSED", token="x", source="pins/service.pin"), 78),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_number_says_whose_turn_it_is(error: Exception, code: int) -> None:
    assert exit_code_of(error) == code
    told = error_as_json(error)
    assert told["en"]
    assert told["zh"]
    assert told["en"] != told["zh"]


_WORDS = st.sampled_from(
    [
        *("seals", "press", "keys", "orgs", "people", "impressions", "certificates", "list", "show", "add", "approve"),
        *("--json", "--as", "--why", "--name", "--seal", "-o", "--at", "--riding", "--pages", "--limit", "--until"),
        *(
            "--next",
            "--first-of-several",
            CODE,
            CREDIT_CODE,
            "keeper",
            "1,2,3",
            "nan",
            "-1",
            "--",
            "--help",
            "/dev/null",
        ),
    ]
)
_ANYTHING = st.text(st.characters(exclude_characters="\x00/", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(arguments=st.lists(_WORDS | _ANYTHING, max_size=7))
def test_no_command_line_ends_in_a_traceback(terminal: Terminal, arguments: list[str]) -> None:
    with contextlib.chdir(terminal.home):
        said = terminal.say(*arguments)
    assert said.code in {0, 1, 64, 75, 78}, said
