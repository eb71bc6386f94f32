"""A department with its people and an authority, in which seals can be asked for, made and pressed story by story.

One house serves many stories: `module_department` is for fixtures of module scope, on one database.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sealservice.assembly import House
from sealservice.audit.queries import as_json, history
from sealservice.certificates.model import Certificate
from sealservice.demo import CREDIT_CODE, PEOPLE, Demonstration
from sealservice.impressions.model import Impression
from sealservice.impressions.request import PressRequest
from sealservice.kernel.clock import Clock
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal
from sealservice.seals.queries import certificates_of, get_seal
from sealservice.seals.requesting import SealRequest
from sealservice.workers.order import At
from sealverify.digest import Digest
from tests.support.houses import KEEPER, SAMPLES, made_house, postgresql_database

CLERK, CHIEF, MAKER = PEOPLE
APPROVAL = SAMPLES / "approval-letter-1-page.pdf"
DATABASES = ("sqlite", "postgresql")


class SetClock:
    """The machine's clock, put forward by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Department:
    house: House
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def wanted(self, **changes: Any) -> SealRequest:
        """A request as a clerk would fill it in, with a code of its own, `changes` made."""
        usual: dict[str, Any] = {
            "credit_code": CREDIT_CODE,
            "kind": SealKind.APPROVAL,
            "keepers": [KEEPER],
            "code": f"990126{next(self._numbers):08d}",
        }
        return SealRequest(**{**usual, **changes})

    def requested(self, **changes: Any) -> Seal:
        return self.house.seals.request(self.wanted(**changes), actor=CLERK)

    def approved(self, **changes: Any) -> Seal:
        return self.house.seals.approve(self.requested(**changes).code, actor=CHIEF, cause="同意制作")

    def made(self, **changes: Any) -> Seal:
        return self.house.seals.make(self.approved(**changes).code, actor=MAKER)

    def agreed_to_renew(self, seal: Seal, *, until: datetime | None = None) -> Seal:
        """One asks for the renewal, another approves it; nothing is renewed yet."""
        self.house.seals.request_renewal(seal.code, actor=CLERK, valid_until=until)
        self.house.seals.approve_renewal(seal.code, actor=CHIEF, cause="同意续期")
        return seal

    def renewed(self, seal: Seal, *, until: datetime | None = None) -> Seal:
        return self.house.seals.renew(self.agreed_to_renew(seal, until=until).code, actor=MAKER)

    def press(self, seal: Seal | str, document: Path = APPROVAL, **changes: Any) -> Impression:
        code = seal if isinstance(seal, str) else seal.code
        usual: dict[str, Any] = {"keeper": KEEPER, "placement": At(page=1, x_mm=150.0, y_mm=230.0)}
        return self.house.pressing.press(PressRequest(document=document, seal_code=code, **{**usual, **changes}))

    def sealed(self, impression: Impression) -> Path:
        """The released file of an impression, in the store."""
        return self.house.store.get(Digest.parse(impression.sealed or ""))

    def seal(self, code: str) -> Seal:
        with self.house.database.read() as session:
            return get_seal(session, code)

    def certificates(self, seal: Seal) -> list[Certificate]:
        with self.house.database.read() as session:
            return list(certificates_of(session, seal.code))

    def history(self, subject: Any) -> list[dict[str, Any]]:
        """The audit's lines about a thing, oldest first."""
        with self.house.database.read() as session:
            return [as_json(line) for line in history(session, subject.subject)]


@contextmanager
def made_department(home: Path, database: str, clock: Clock | None = None, **settings: Any) -> Iterator[Department]:
    """A department on "sqlite", or on a fresh database of "postgresql"."""
    with ExitStack() as stack:
        address = stack.enter_context(postgresql_database()) if database == "postgresql" else None
        house = stack.enter_context(made_house(home / "var", address, clock, **settings))
        demonstration = Demonstration(house)
        demonstration.establish_authority()
        demonstration.register_parties()
        yield Department(house)
