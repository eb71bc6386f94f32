"""The verdict for people at a terminal: a mark, one sentence, and each question with its answer on a line of its own.

Made from the JSON alone, so that what is printed can be no more than what a program would be told.
"""

from __future__ import annotations

from typing import Any

from sealverify.messages import catalogue

_MARKS = {"PASSED": "✔", "FAILED": "✘", "INDETERMINATE": "?", "NO_SIGNATURE": "○", "UNREADABLE": "–"}
_COLOURS = {"PASSED": "32", "FAILED": "31", "INDETERMINATE": "33", "NO_SIGNATURE": "36", "UNREADABLE": "35"}


class _Writer:
    def __init__(self, language: str, *, colour: bool) -> None:
        self._language, self._colour = language, colour
        self.lines: list[str] = []

    def said(self, code: str, **names: object) -> str:
        return catalogue("sealverify.wording").text(code, **names).in_language(self._language)

    def own(self, text: dict[str, str]) -> str:
        return text[self._language]

    def painted(self, text: str, conclusion: str) -> str:
        return f"\x1b[{_COLOURS[conclusion]};1m{text}\x1b[0m" if self._colour else text

    def head(self, conclusion: str, title: str) -> None:
        mark = f"{_MARKS[conclusion]} {self.said(f'WORD_{conclusion}')}"
        self.lines.append(f"{self.painted(mark, conclusion)}  {_safe(title)}")

    def line(self, label: str, value: str | None) -> None:
        if value:
            name = self.said(f"LABEL_{label}")
            self.lines.append(f"    {name}{' ' * (12 - _width(name))}{_safe(value)}")

    def plain(self, text: str) -> None:
        self.lines.append(f"  {_safe(text)}" if text else "")


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in text)


def _safe(text: str) -> str:
    """Without control characters: names come from strangers, and a terminal obeys what is written to it."""
    return "".join(character if character.isprintable() else " " for character in text)


def printed(answer: dict[str, Any], language: str, *, colour: bool) -> str:
    """Lines of text, the last without its line end. `answer` is a report or a folder's reports, as JSON."""
    writer = _Writer(language, colour=colour)
    reports = answer.get("reports")
    if reports is None:
        _report(writer, answer)
        return "\n".join(writer.lines)
    for report in reports:
        writer.head(report["conclusion"], report["file"])
        writer.plain(writer.own(report["summary"]))
    writer.plain("")
    writer.head(answer["conclusion"], writer.said("CLI_FOLDER", count=len(reports)))
    return "\n".join(writer.lines)


def _report(writer: _Writer, report: dict[str, Any]) -> None:
    writer.head(report["conclusion"], report["file"])
    writer.plain(writer.own(report["summary"]))
    for signature in report["signatures"]:
        writer.plain("")
        _signature(writer, signature)


def _signature(writer: _Writer, signature: dict[str, Any]) -> None:
    signer = signature["signer"]
    who = " · ".join(part for part in (signer["name"], signer["organization"], signer["identifier"]) if part)
    reason = signature["sub_indication"]
    verdict = writer.said(f"WORD_{signature['conclusion']}") + (f" ({reason})" if reason else "")
    writer.line(signature["type"], f"{who or '?'}  [{signature['name']}]")
    writer.line("VERDICT", verdict)
    writer.line("INTEGRITY", writer.said(f"INTEGRITY_{signature['integrity']}"))
    writer.line("CHANGES", writer.said(f"CHANGES_{signature['changes']}"))
    for change in signature["change_list"]:
        writer.line("NOTHING", f"{'+' if change['permitted'] else '!'} {writer.own(change)}")
    writer.line("TRUST", writer.said(f"TRUST_{signature['trust']}"))
    writer.line("TIME", _time(writer, signature))
    writer.line("LEVEL", signature["level"] and f"PAdES {signature['level']}")
    for label, key in (("SEAL_CODE", "seal_code"), ("MATTER", "matter"), ("REASON", "reason")):
        writer.line(label, signature[key])
    _pictures(writer, signature["slices"])
    for note in signature["notes"]:
        writer.line("NOTHING", f"· {writer.own(note)}")


def _time(writer: _Writer, signature: dict[str, Any]) -> str | None:
    when = signature["signing_time"]
    if when["value"] is None:
        return None
    attested = next((item["attestation"] for item in signature["timestamps"] if item["attestation"]), None)
    source = f"{when['source']}_{attested}" if when["source"] == "TIMESTAMP" and attested else when["source"]
    return f"{when['value']}  ({writer.said(f'TIME_{source}')})"


def _pictures(writer: _Writer, slices: dict[str, Any] | None) -> None:
    if slices and slices["expected"] > 1:
        writer.line("PICTURES", writer.said("PICTURES_COUNT", **slices))
