"""What a person reads, in Chinese and English, kept in one place a distribution.

A catalogue is a folder of TOML files: `[CODE]` with `en` and `zh`, both of them, with the same `{names}` to fill in.
This room knows how to look a sentence up; it refuses to know when one is said.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Text:
    """One sentence in both languages, names filled in."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_language(self, language: str) -> str:
        """The Chinese sentence for "zh" and any of its variants ("zh_CN", "zh-Hans"), the English one for all else."""
        return self.zh if language.lower().startswith("zh") else self.en

    def as_json(self) -> dict[str, str]:
        return {"en": self.en, "zh": self.zh}


def language_of(environment: Mapping[str, str]) -> str:
    """ "zh" or "en": what SEALSERVICE_LANG says, else the locale, as other programs take it."""
    for name in ("SEALSERVICE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


class Catalogue:
    """All sentences of one distribution, by code."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]]) -> None:
        self._entries = entries

    def __contains__(self, code: str) -> bool:
        return code in self._entries

    def codes(self) -> list[str]:
        return sorted(self._entries)

    def text(self, code: str, /, **names: object) -> Text:
        """The sentence `code` with `names` filled in. A name that the sentence does not use is left out; one that it
        wants and did not get stays visible as `{name}`: a message must never be the thing that fails."""
        entry = self._entries.get(code, {"en": code, "zh": code})
        values = _Lenient({key: str(value) for key, value in names.items()})
        return Text(en=_fill(entry["en"], values), zh=_fill(entry["zh"], values))

    def template(self, code: str) -> Text:
        return Text(**{language: self._entries[code][language] for language in LANGUAGES})


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fill(template: str, values: _Lenient) -> str:
    return string.Formatter().vformat(template, (), values)


@cache
def catalogue(package: str) -> Catalogue:
    """The catalogue of `package`: every `*.toml` directly inside its folder, together.

    Raises ValueError when a code stands in two files or lacks a language: a fault of ours, found by any test."""
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted(resources.files(package).iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in entries or set(entry) != set(LANGUAGES):
                raise ValueError(f"{package}/{file.name}: {code} stands twice, or not in both languages")
            entries[code] = entry
    return Catalogue(entries)
