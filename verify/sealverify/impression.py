"""What the signer says about itself in the signature dictionary: time, reason, name. Claims, each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pikepdf

from sealverify import ber, oids
from sealverify.errors import Malformed
from sealverify.permission import certification_level
from sealverify.signed_data import SignedData
from sealverify.tree import words

_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?'?)?")
_UTC_TIME = re.compile(rb"(\d\d)(\d{10})Z\Z")
_MAX_TEXT = 2_000


@dataclass(frozen=True)
class Claims:
    """None where the signer does not say."""

    signing_at: datetime | None
    reason: str | None
    name: str | None
    certification: int | None


def read_claims(dictionary: pikepdf.Object, signed: SignedData | None) -> Claims:
    """From the signature dictionary; the time from the CMS where the dictionary has none."""
    return Claims(
        pdf_date(dictionary.get("/M")) or _signing_time(signed),
        _text(dictionary.get("/Reason")),
        _text(dictionary.get("/Name")),
        certification_level(dictionary),
    )


def _text(value: Any) -> str | None:  # whatever stands there
    return words(value)[:_MAX_TEXT] if isinstance(value, pikepdf.String) else None


def pdf_date(value: Any) -> datetime | None:
    """A PDF date (ISO 32000-2 §7.9.4) in UTC; without a zone it is taken for UTC. None when it is none."""
    match = _DATE.match(words(value)) if isinstance(value, pikepdf.String) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    try:
        at = datetime(year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=_zone(match))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(match: re.Match[str]) -> timezone:
    if not match[8]:
        return UTC
    offset = timedelta(hours=int(match[9]), minutes=int(match[10] or 0))
    return timezone(offset if match[8] == "+" else -offset)


def _signing_time(signed: SignedData | None) -> datetime | None:
    try:
        value = signed.signer.value(oids.SIGNING_TIME) if signed else None
        return _time(value) if value else None
    except (Malformed, ValueError):
        return None


def _time(value: ber.Element) -> datetime:
    match = _UTC_TIME.match(value.content) if value.tag == 0x17 else None
    if match is None:
        return value.time()
    century = "20" if int(match[1]) < 50 else "19"
    return datetime.strptime(f"{century}{value.content[:12].decode()}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
