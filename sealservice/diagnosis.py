"""Is every part there and well? Each is asked in turn, none is mended, and one that is ill hides no other.

A finding says what is so and what to do; the sentences are those of the parts' own errors.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from keystore.errors import KeyStoreError
from keystore.settings import find_module
from sealservice.assembly import House, open_house
from sealservice.audit.operations import ACCEPT_CLOCK, append, last_recorded_at
from sealservice.audit.queries import find_fault
from sealservice.documents.inspection import find_damage
from sealservice.impressions.queries import balance
from sealservice.kernel.clock import SystemClock, require_not_behind
from sealservice.kernel.errors import InvalidInput, Misconfigured, SealServiceError
from sealservice.kernel.home import require_own_home
from sealservice.kernel.lifecycle import Event
from sealservice.kernel.modes import find_open, is_open, mode_of
from sealservice.parties.operations import get_person
from sealservice.premises import is_founded, require_founded, require_tables
from sealservice.seals.artwork.fonts import Typeface, find_font
from sealservice.settings import Settings, load, operator
from sealverify.messages import Text, catalogue

_SECRETS = ("pins", "tokens", "keystore", "documents/incoming")
_LISTS_SHOULD_LAST = timedelta(days=7)
_LOW_DISK = 512 * 1024 * 1024


class Verdict(StrEnum):
    WELL = "WELL"
    WARNING = "WARNING"
    ILL = "ILL"


@dataclass(frozen=True)
class Finding:
    """One part, how it is, and a sentence about it."""

    part: str
    verdict: Verdict
    message: Text

    def as_json(self) -> dict[str, Any]:
        return {"part": self.part, "verdict": self.verdict, "message": self.message.as_json()}


def examine(home: Path) -> Iterator[Finding]:
    """Every part of the house at `home`, from the ground up."""
    found = _settings(home)
    settings = found if isinstance(found, Settings) else None
    fonts, module = (settings.font_folder, settings.token.module) if settings else (None, None)
    yield _asked("PYTHON", lambda: _say("WELL_PYTHON", version=sys.version.split()[0]))
    yield _asked("FONT", lambda: _say("WELL_FONT", path=find_font(Typeface.SERIF, fonts)))
    yield _asked("MODULE", lambda: _say("WELL_MODULE", path=find_module(*filter(None, [module]))))
    yield _asked("HOME", lambda: _home(home))
    if isinstance(found, Finding):
        yield found
    if settings is None:
        return
    house = House(settings, SystemClock())
    try:
        for part, question in _questions(house).items():
            yield _asked(part, question)
    finally:
        house.close()


def _questions(house: House) -> dict[str, Callable[[], Text | tuple[Verdict, Text]]]:
    return {
        "DISK": lambda: _disk(house.home),
        "DATABASE": lambda: _database(house),
        "TOKEN": lambda: _token(house),
        "AUTHORITY": lambda: _authority(house),
        "TRUST": lambda: _trust(house),
        "TIMESTAMPS": lambda: _timestamps(house),
        "WORKERS": lambda: _workers(house),
        "CLOCK": lambda: _clock(house),
        "REGISTER": lambda: _register(house),
    }


def accept_clock(home: Path, *, actor: str | None, cause: str) -> None:
    """Puts on record that somebody looked at the clock and found it right; the high-water mark starts anew there."""
    if not cause.strip():
        raise InvalidInput("CAUSE_MISSING", verb="accept-clock", subject="clock")
    with open_house(home, settle=False) as house, house.database.begin() as session:
        who = get_person(session, actor or house.settings.acting_as or operator()).handle
        append(session, Event(ACCEPT_CLOCK, "clock", who, house.clock.now(), cause))


def _say(code: str, /, **names: object) -> Text:
    return catalogue("sealservice.messages").text(code, **names)


def _asked(part: str, question: Callable[[], Text | tuple[Verdict, Text]]) -> Finding:
    try:
        answer = question()
    except SealServiceError as error:
        return Finding(part, Verdict.ILL, error.text)
    except KeyStoreError as error:
        return Finding(part, Verdict.ILL, _say(error.code, **error.details))
    except OSError as error:
        return Finding(part, Verdict.ILL, _say("FILE_OUT_OF_REACH", path=error.filename, reason=error.strerror))
    except Exception as error:  # an ill part may fail in any way, and hides no other
        return Finding(part, Verdict.ILL, _say("OUR_FAULT", kind=type(error).__name__, reason=str(error)[:200]))
    verdict, message = answer if isinstance(answer, tuple) else (Verdict.WELL, answer)
    return Finding(part, verdict, message)


def _home(home: Path) -> Text | tuple[Verdict, Text]:
    require_founded(home)
    # below an open folder anything may be read; below a closed one an open file is only one mistake away from it
    found = home if is_open(home) else find_open(*(home / kept for kept in _SECRETS), *home.glob("*.*"))
    if found is None:
        return _say("WELL_HOME", home=home.absolute())
    message = _say("HOME_OPEN", path=found, mode=mode_of(found), home=home)
    return Verdict.ILL if found == home else Verdict.WARNING, message


def _settings(home: Path) -> Settings | Finding | None:
    """None where the finding about the folder itself says why there are none."""
    try:
        if not is_founded(home):
            return None
    except Misconfigured:
        return None
    try:
        return load(home)
    except SealServiceError as error:
        return Finding("SETTINGS", Verdict.ILL, error.text)


def _disk(home: Path) -> Text | tuple[Verdict, Text]:
    free = shutil.disk_usage(home).free
    message = _say("WELL_DISK", free=f"{free / 1024**3:.1f}")
    return message if free > _LOW_DISK else (Verdict.WARNING, message)


def _database(house: House) -> Text:
    require_tables(house.database)
    house.database.migrate()
    require_own_home(house.database, house.home)
    return _say("WELL_DATABASE", database=house.database.url.render_as_string(hide_password=True))


def _token(house: House) -> Text:
    health = house.keys.health()
    if not health.ready:
        raise Misconfigured("TOKEN_ILL", reason=health.reason)
    return _say("WELL_TOKEN", label=house.settings.token.label, keys=len(house.keys.inventory()))


def _authority(house: House) -> Text:
    house.authority.issuer()
    return _say("WELL_AUTHORITY")


def _trust(house: House) -> Text | tuple[Verdict, Text]:
    """Whether the file that verifiers are given is still good: nobody renews it but a timer, or a person."""
    path, first = house.trust.path, house.trust.first_to_end()
    if first is None or first.next_update_utc is None:
        return Verdict.WARNING, _say("TRUST_MISSING", path=path)
    until, left = first.next_update_utc, first.next_update_utc - house.clock.now()
    names = {"path": path, "until": until.date(), "name": first.issuer.rfc4514_string()}
    if left < _LISTS_SHOULD_LAST:
        return Verdict.WARNING, _say("TRUST_ENDED" if left < timedelta() else "TRUST_ENDING", **names)
    return _say("WELL_TRUST", **names)


def _timestamps(house: House) -> Text | tuple[Verdict, Text]:
    source = house.timestamps
    if source.key_id is not None:
        return Verdict.WARNING, _say("WELL_TIMESTAMPS_OWN")
    return _say("WELL_TIMESTAMPS", name=source.name)


def _workers(house: House) -> Text | tuple[Verdict, Text]:
    missing = {wall: reason for wall, reason in house.workers.sandbox().items() if reason is not None}
    if missing:
        told = "; ".join(f"{wall}: {reason}" for wall, reason in missing.items())
        return Verdict.WARNING, _say("WORKERS_HALF_HELD", missing=told)
    return _say("WELL_WORKERS")


def _clock(house: House) -> Text:
    with house.database.read() as session:
        require_not_behind(house.clock.now(), last_recorded_at(session))
    return _say("WELL_CLOCK")


def _register(house: House) -> Text:
    with house.database.read() as session:
        found, fault = balance(session), find_fault(session)
    if fault is not None:
        raise Misconfigured("AUDIT_FAULT", line=fault)
    if not found.is_even:
        raise Misconfigured("BALANCE_UNEVEN", released=found.released, recorded=found.recorded, audited=found.audited)
    for damage in find_damage(house.database, house.store, reading=False):
        raise Misconfigured("STORED_FILE_DAMAGED", digest=damage.digest)
    return _say("WELL_REGISTER", recorded=found.recorded)
