"""How a command speaks: to a person in one language, or to a program in JSON; and how it says that it failed.

Exit codes: 0 done, 1 refused, 64 wrong usage, 70 our own fault, 75 try again later, 78 mend the installation first
(the names and numbers of sysexits.h), 130 broken off from the keyboard.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from keystore.errors import KeyStoreError, KeyStoreMisconfigured, PinRefused, TokenUnavailable
from sealservice.kernel.errors import InvalidInput, Misconfigured, SealServiceError, Unavailable
from sealverify.errors import SealVerifyError
from sealverify.messages import Text, catalogue, language_of

DONE, REFUSED, USAGE, OUR_FAULT, TRY_LATER, MISCONFIGURED, INTERRUPTED = 0, 1, 64, 70, 75, 78, 130
_OURS = (SealServiceError, KeyStoreError, SealVerifyError)


def preferred_language() -> str:
    """ "zh" or "en", from SEALSERVICE_LANG, else from the locale of the shell."""
    return language_of(os.environ)


@dataclass(frozen=True)
class Output:
    """Where a command's answer goes. In JSON a command prints one value and nothing else."""

    json: bool
    language: str
    console: Console

    @classmethod
    def make(cls, *, as_json: bool) -> Output:
        return cls(as_json, preferred_language(), Console(highlight=False, stderr=as_json))

    def text(self, code: str, /, **names: object) -> str:
        """A sentence of the catalogue in this person's language."""
        return self.say(catalogue("sealservice.messages").text(code, **names))

    def texts(self, *codes: str) -> list[str]:
        return [self.text(code) for code in codes]

    def say(self, text: Text) -> str:
        return text.in_language(self.language)

    def line(self, code: str, /, **names: object) -> None:
        """Prints a sentence for people; silent in JSON."""
        if not self.json:
            self.console.print(escape(self.text(code, **names)), soft_wrap=True)

    def answer(self, value: Any, human: Callable[[Console], None]) -> None:
        """The command's answer: `value` as one line of JSON, or whatever `human` prints."""
        if self.json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        else:
            human(self.console)

    def wrong_usage(self, text: Text) -> int:
        """Tells that the command line itself is wrong and returns the exit code."""
        if self.json:
            self.answer({"error": {"code": "USAGE_WRONG", **text.as_json()}}, lambda _: None)
        else:
            is_help = text.en.startswith("Usage:")  # a group named without a command answers with its help
            self.console.print(self.say(text), markup=False, style=None if is_help else "red", soft_wrap=True)
            self.line("USAGE_HINT")
        return USAGE

    def failure(self, error: BaseException) -> int:
        """Tells what went wrong and returns the exit code."""
        text = message_of(error)
        if self.json:
            sys.stdout.write(json.dumps({"error": error_as_json(error)}, ensure_ascii=False) + "\n")
        else:
            self.console.print(f"[bold red]✗[/] {escape(self.say(text))}", soft_wrap=True)
        self.trace(error)
        return exit_code_of(error)

    def trace(self, error: BaseException) -> None:
        """Prints where an error came from that nobody foresaw, for those who ask for it."""
        if not isinstance(error, _OURS) and os.environ.get("SEALSERVICE_DEBUG"):
            traceback.print_exception(error)


class WrongUsage(InvalidInput):
    """Options that cannot be meant, whatever the house holds: the command line itself is wrong."""


def message_of(error: BaseException) -> Text:
    """What a person is told about `error`, in both languages."""
    if isinstance(error, SealServiceError | SealVerifyError):
        return error.text
    if isinstance(error, KeyStoreError):
        return catalogue("sealservice.messages").text(error.code, **error.details)
    return catalogue("sealservice.messages").text("OUR_FAULT", kind=type(error).__name__, reason=str(error)[:200])


def error_as_json(error: BaseException) -> dict[str, str]:
    code = error.code if isinstance(error, _OURS) else "OUR_FAULT"
    return {"code": code, **message_of(error).as_json()}


def exit_code_of(error: BaseException) -> int:
    if isinstance(error, WrongUsage):
        return USAGE
    if isinstance(error, Misconfigured | KeyStoreMisconfigured | PinRefused):
        return MISCONFIGURED
    if isinstance(error, Unavailable | TokenUnavailable):
        return TRY_LATER
    return REFUSED if isinstance(error, _OURS) else OUR_FAULT
