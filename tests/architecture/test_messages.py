"""Every message exists in both languages, is said somewhere, and gets every name that it wants filled in."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealservice.certificates.model import LIFECYCLE as CERTIFICATES
from sealservice.impressions.model import LIFECYCLE as IMPRESSIONS
from sealservice.seals.model import LIFECYCLE as SEALS
from tests.architecture.source import ROOT, modules

_SERVICE = ROOT / "sealservice" / "messages"
_VERIFIER = ROOT / "verify" / "sealverify" / "wording"
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def _entries(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob("*.toml")):
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            assert code not in found, f"{code} stands twice"
            found[code] = entry
    return found


def _names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


CATALOGUES = {"service": _entries(_SERVICE), "verifier": _entries(_VERIFIER)}


@pytest.mark.parametrize("which", CATALOGUES)
def test_every_message_is_in_both_languages_with_the_same_names_to_fill_in(which: str) -> None:
    for code, entry in CATALOGUES[which].items():
        assert set(entry) == {"en", "zh"}, code
        assert _names(entry["en"]) == _names(entry["zh"]), code
        assert bool(entry["en"].strip()) == bool(entry["zh"].strip()), code
        assert not _HAN.search(re.sub(r"盖章|仅供演示|备案|之印|印|演示|“.*?”", "", entry["en"])), code


@pytest.mark.parametrize("which", CATALOGUES)
def test_chinese_sentences_are_chinese(which: str) -> None:
    same = {
        code
        for code, entry in CATALOGUES[which].items()
        if not _HAN.search(entry["zh"]) and re.search(r"[A-Za-z]{4,} [a-z]{2,}", re.sub(r"\{.*?\}", "", entry["zh"]))
    }
    assert same <= {"PRESSED_NOT_WRITTEN"}  # a command to type, the same in every language


@dataclass(frozen=True)
class Said:
    """A message that the code says: where, which, and with which names; None when they are not all written there."""

    where: str
    code: str
    names: set[str] | None


_SAYING = {"text", "line", "note", "_say", "say", "said", "_note", "explained"}


def _said(*folders: str) -> Iterator[Said]:
    """Messages named outright where an error is made or a sentence is said."""
    for module in modules(*folders):
        for call in module.calls:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if not (name in _SAYING or name[:1].isupper()) or not call.args:
                continue
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and _CODE.fullmatch(first.value):
                keywords = {word.arg for word in call.keywords}
                written_out = None not in keywords and len(call.args) == 1
                known = {word for word in keywords if word} if written_out else None
                yield Said(f"{module.name}:{call.lineno}", first.value, known)


def test_every_message_that_the_service_says_is_in_its_catalogue() -> None:
    codes = CATALOGUES["service"].keys()
    assert [said for said in _said("sealservice") if said.code not in codes] == []


def test_every_message_that_the_verifier_says_is_in_its_catalogue() -> None:
    codes = CATALOGUES["verifier"].keys()
    assert [said for said in _said("verify/sealverify") if said.code not in codes] == []


@pytest.mark.parametrize(("which", "folder"), [("service", "sealservice"), ("verifier", "verify/sealverify")])
def test_every_name_that_a_message_wants_is_given_where_it_is_said(which: str, folder: str) -> None:
    missing = [
        (said.where, said.code, lacking)
        for said in _said(folder)
        if said.names is not None
        and said.code in CATALOGUES[which]
        and (lacking := _names(CATALOGUES[which][said.code]["en"]) - said.names)
    ]
    assert missing == []


def _made_up(*folders: str) -> tuple[str, ...]:
    """How codes begin that are put together where they are said: f"STATE_{…}", and the states of a lifecycle."""
    begun = {
        node.values[0].value
        for module in modules(*folders)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant)
    }
    kinds = {f"{lifecycle.kind}_".upper() for lifecycle in (SEALS, CERTIFICATES, IMPRESSIONS)}
    return tuple({str(word) for word in begun if re.fullmatch(r"[A-Z][A-Z_]*_", str(word))} | kinds)


@pytest.mark.parametrize(("which", "folder"), [("service", "sealservice"), ("verifier", "verify/sealverify")])
def test_no_message_is_kept_that_nobody_says(which: str, folder: str) -> None:
    """Each code stands somewhere in the code as it is, or is made up from a state or a part."""
    words = {word for module in modules(folder, "keystore") for word in re.findall(r"[A-Z][A-Z0-9_]+", module.text)}
    made_up = _made_up(folder)
    unsaid = {code for code in CATALOGUES[which] if code not in words and not code.startswith(made_up)}
    assert unsaid == set()
