"""Every no has a code for machines and a sentence for people, in both languages, whoever said it."""

from __future__ import annotations

import ast
import inspect
import re
import string
from types import ModuleType

import pytest

import keystore.errors
import sealservice.kernel.errors
from keystore.errors import KeyStoreError
from keystore.sentences import SENTENCES
from sealservice.kernel.errors import InvalidInput, Unavailable
from sealverify.messages import catalogue
from tests.architecture.source import modules

MESSAGES = catalogue("sealservice.messages")
DRAWN = re.compile(r"^(?P<before>[ │├└─]*)(?P<name>[A-Z]\w+)  +\S", re.MULTILINE)


@pytest.mark.parametrize("errors", [sealservice.kernel.errors, keystore.errors])
def test_the_tree_of_errors_is_as_it_is_drawn(errors: ModuleType) -> None:
    """The drawing that opens each module is what a reader goes by."""
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for found in DRAWN.finditer(errors.__doc__ or ""):
        depth, name = len(found["before"]), found["name"]
        above = [one for one in above if one[0] < depth]
        drawn[name] = above[-1][1] if above else "Exception"
        above.append((depth, name))
    there = {
        name: kind.__base__.__name__ if kind.__base__ else ""
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == errors.__name__
    }
    assert drawn == there


def test_an_error_speaks_both_languages_with_its_names_filled_in() -> None:
    told = InvalidInput("SEAL_CODE_WRONG", given="12345")
    assert "12345" in told.text.en
    assert "12345" in told.text.zh
    assert str(told) == f"SEAL_CODE_WRONG: {told.text.en}"
    assert told.details == {"given": "12345"}


def test_a_message_is_never_what_fails() -> None:
    """A name that was not given stays visible, one too many is left out, and an unknown code speaks for itself."""
    assert "{given}" in InvalidInput("SEAL_CODE_WRONG").text.en
    assert "surplus" not in InvalidInput("SEAL_CODE_WRONG", given="1", surplus="surplus").text.zh
    assert Unavailable("NEVER_HEARD_OF").text.en == "NEVER_HEARD_OF"
    assert "{0!r:>{width}}" in InvalidInput("SEAL_CODE_WRONG", given="{0!r:>{width}}").text.en


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def codes_of_the_key_store() -> set[str]:
    """All that the key store raises by name, read from its source."""
    kinds = {
        name for name, kind in inspect.getmembers(keystore.errors, inspect.isclass) if issubclass(kind, KeyStoreError)
    }
    found = set()
    for module in modules("keystore"):
        for call in module.calls:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            first = call.args[0] if call.args else None
            if name in kinds and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


def test_what_the_key_store_says_is_in_its_own_sentences_and_in_the_catalogue_of_the_service() -> None:
    """It speaks English alone; the service says the same in both languages, and leaves nothing out."""
    assert len(codes_of_the_key_store()) > 30
    assert codes_of_the_key_store() - SENTENCES.keys() == set()
    assert {code for code in SENTENCES if code not in MESSAGES} == set()


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_the_service_fills_into_a_sentence_of_the_key_store_what_the_key_store_gives(code: str) -> None:
    template = MESSAGES.template(code)
    assert names(template.en) == names(template.zh)
    assert names(template.en) <= names(SENTENCES[code]) | {"retry_after"}
