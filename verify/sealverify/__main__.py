"""The command `sealverify`: judge a file or a folder, print the verdict, exit with what it means.

0 PASSED   1 FAILED   2 INDETERMINATE   3 nothing signed in it   4 unreadable   64 wrong usage   70 our fault
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from sealverify.clock import now
from sealverify.errors import MalformedTrust
from sealverify.guard import examine_guarded
from sealverify.messages import catalogue, language_of
from sealverify.policy import Policy
from sealverify.prose import printed
from sealverify.subindication import Conclusion
from sealverify.trust import Trust

EXIT = {
    Conclusion.PASSED: 0,
    Conclusion.FAILED: 1,
    Conclusion.INDETERMINATE: 2,
    Conclusion.NO_SIGNATURE: 3,
    Conclusion.UNREADABLE: 4,
}
WRONG_USAGE, OUR_FAULT = 64, 70

_WORST_FIRST = (
    Conclusion.FAILED,
    Conclusion.INDETERMINATE,
    Conclusion.UNREADABLE,
    Conclusion.NO_SIGNATURE,
    Conclusion.PASSED,
)


class WrongUsage(SystemExit):
    """The command line itself is wrong; `reason` says how, and was told on standard error already."""

    def __init__(self, reason: str) -> None:
        super().__init__(WRONG_USAGE)
        self.reason = reason


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"sealverify: {message}\n")
        raise WrongUsage(message)


def _said(code: str, language: str, **names: object) -> str:
    return catalogue("sealverify.wording").text(code, **names).in_language(language)


def _parser(language: str) -> argparse.ArgumentParser:
    def said(code: str) -> str:
        return _said(code, language)

    parser = _Parser(prog="sealverify", description=said("CLI_ABOUT"), epilog=said("CLI_EXIT"), allow_abbrev=False)
    parser.add_argument("file", type=Path, metavar="FILE|DIR", help=said("CLI_FILE"))
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="FILE", help=said("CLI_TRUST"))
    parser.add_argument("--trust-signer", type=Path, metavar="FILE", help=said("CLI_TRUST_SIGNER"))
    parser.add_argument("--at", metavar="TIME", help=said("CLI_AT"))
    parser.add_argument("--json", action="store_true", help=said("CLI_JSON"))
    parser.add_argument("--lang", choices=("en", "zh"), default=language, help=said("CLI_LANG"))
    return parser


def _language(arguments: Sequence[str]) -> str:
    """What --lang says, else the environment, as other programs take it."""
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1][:2]
        if argument.startswith("--lang="):
            return argument[7:9]
    return language_of(os.environ)


def _policy(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Policy:
    if options.trust_signer and not options.trust:
        parser.error(_said("CLI_SIGNER_ALONE", options.lang))
    try:
        trust = Trust.from_files(options.trust)
    except MalformedTrust as problem:
        parser.error(problem.text.in_language(options.lang))
    if options.trust_signer:
        parser.error(_said("CLI_SIGNER_OF_PEM", options.lang, path=options.trust[0]))
    return Policy(trust=trust, at=_time(options, parser))


def _time(options: argparse.Namespace, parser: argparse.ArgumentParser) -> datetime:
    if options.at is None:
        return now()
    try:
        at = datetime.fromisoformat(options.at)
    except ValueError:
        parser.error(_said("CLI_WRONG_TIME", options.lang, value=options.at))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _folder(folder: Path, policy: Policy) -> dict[str, Any]:
    """Every PDF below `folder`, each with its own verdict; the folder has the worst of them."""
    files = sorted(item for item in folder.rglob("*") if item.suffix.lower() == ".pdf" and item.is_file())
    reports = [{"file": str(file.relative_to(folder)), **examine_guarded(file, policy)} for file in files]
    found = {report["conclusion"] for report in reports}
    worst = next((item for item in _WORST_FIRST if item in found), Conclusion.NO_SIGNATURE)
    return {"conclusion": worst, "reports": reports, "faces": []}


def run(arguments: Sequence[str]) -> int:
    """Parses, judges, prints: with --json one object on one line. Raises WrongUsage, which ends a program with 64."""
    parser = _parser(_language(arguments))
    options = parser.parse_args(arguments)
    policy = _policy(options, parser)
    if not options.file.exists():
        parser.error(_said("PDF_NO_FILE", options.lang, path=options.file))
    if options.file.is_dir():
        answer = _folder(options.file, policy)
    else:
        answer = {"file": options.file.name, **examine_guarded(options.file, policy)}
    if options.json:
        _print(json.dumps(answer, ensure_ascii=False))
    else:
        _print(printed(answer, options.lang, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
    return EXIT[Conclusion(answer["conclusion"])]


def _print(text: str) -> None:
    """In UTF-8 whatever the terminal says: names in Chinese must not break the answer."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.flush()


def main() -> NoReturn:
    try:
        sys.exit(run(sys.argv[1:]))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OUR_FAULT)
    except Exception as problem:  # nobody should have to read a traceback to learn that it is not his fault
        sys.stderr.write(f"sealverify: internal error ({type(problem).__name__}: {problem})\n")
        sys.exit(OUR_FAULT)


if __name__ == "__main__":
    main()
