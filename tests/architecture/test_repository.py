"""What a stranger reads: nothing unfinished or of the workshop, commands that exist, links that lead somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, committed
from tests.cli.terminal import Terminal

# put together here, so that this file itself holds none of them
_NOT_HERE = ["TO" + "DO", "FIX" + "ME", "X" * 3, "/wo" + "rk/", "/tmp/" + "build", "lorem" + " ipsum"]
_TEXT = {".py", ".md", ".toml", ".typ", ".txt", ".c", ".java", ".sh", ".yml", ".yaml", ""}
DOCUMENTS = [path for path in committed() if path.suffix == ".md" and "samples" not in path.parts]


def _texts() -> Iterator[tuple[str, str]]:
    for path in committed():
        if path.suffix in _TEXT:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("word", _NOT_HERE)
def test_nothing_unfinished_and_nothing_of_the_workshop_is_in_the_repository(word: str) -> None:
    whole_word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" if word.isalpha() else re.escape(word))
    assert [name for name, content in _texts() if whole_word.search(content)] == []


def test_no_secret_is_in_the_repository() -> None:
    private = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]")
    assert [name for name, content in _texts() if private.search(content)] == []
    assert [path for path in committed() if path.suffix in {".pin", ".key", ".p12", ".sqlite3"}] == []


def _commands(document: Path) -> Iterator[list[str]]:
    """Every command line in the code blocks of a page, its continuations joined."""
    text = document.read_text(encoding="utf-8")
    for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:\.venv/bin/)?(sealservice|sealverify|scripts/\w+)(\s.*)?$", line.strip())
            if found and not line.strip().startswith("#"):
                words = shlex.split(found[0], comments=True)
                yield list(itertools.takewhile(lambda word: word not in {"|", "<", ">", "&&", "||"}, words))


def _help(words: list[str]) -> tuple[str, list[str]]:
    """The help of the command that `words` name, and the options that they give it."""
    path: list[str] = []
    terminal = Terminal(Path("var"))
    for word in words:
        if not re.fullmatch(r"[a-z][a-z-]*", word) or terminal.say(*path, word, "--help").code != 0:
            break
        path.append(word)
    return terminal.say(*path, "--help").out, [word.split("=")[0] for word in words if word.startswith("--")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(document: Path) -> None:
    for command, *words in _commands(document):
        if command.startswith("scripts/"):
            assert (ROOT / command).is_file(), command
            assert (ROOT / command).stat().st_mode & 0o111, command
        elif command == "sealservice" and words and words[0] != "verify":
            said, options = _help(words)
            assert "Usage: sealservice" in said, words
            assert words[0] in said, words
            assert [option for option in options if option not in said] == [], words


def test_the_readme_names_commands_at_all() -> None:
    assert len(list(_commands(ROOT / "README.md"))) >= 5


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []
    named = re.findall(r"`((?:sealservice|keystore|verify|tests|docs|scripts)/[\w./-]+\.(?:py|md|toml))`", text)
    assert [name for name in named if not any((root / name).exists() for root in (ROOT, ROOT / "tests"))] == []
