"""The demonstration: a made-up authority, a department of a place that does not exist, and its first sealed approval.

It goes the real way, step by step, with four people of whom none does two halves of one thing. Every name it makes
says DEMO 仅供演示, and a production house refuses to hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from sealservice.assembly import House
from sealservice.certificates.ceremony import Ceremony
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import find_newest
from sealservice.impressions.model import Impression
from sealservice.impressions.request import PressRequest
from sealservice.kernel.errors import Refused
from sealservice.parties.operations import DEMO_MARK
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal, SealState
from sealservice.seals.queries import list_seals
from sealservice.seals.requesting import SealRequest
from sealservice.settings import operator
from sealservice.workers.order import Keyword
from sealverify.digest import Digest

CREDIT_CODE = "11990126MB12345675"
OWNER = "云岭市青禾区行政审批局（演示）"
OWNER_EN = "Qinghe District Administrative Approval Bureau, Yunling (demo)"
AUTHORITY = "DEMO 仅供演示"
SEAL_CODE = "99012600012345"
PEOPLE = {"demo.clerk": "经办人（演示）", "demo.chief": "审核人（演示）", "demo.maker": "制章人（演示）"}
APPROVAL = "approval-letter.pdf"


@dataclass(frozen=True)
class Shown:
    """What the demonstration made: where the sealed approval lies, what to trust, which seal and impression."""

    sealed: Path
    trust: Path
    seal: Seal
    impression: Impression


class Demonstration:
    """One run. A second one finds everything there and presses nothing twice."""

    def __init__(self, house: House) -> None:
        if house.settings.production:
            raise Refused("DEMO_IN_PRODUCTION", name=OWNER)
        self._house = house
        self._keeper = house.settings.acting_as or operator()

    def show(self) -> Shown:
        self.establish_authority()
        self.register_parties()
        seal = self.make_seal()
        trust = self._house.trust.publish(actor=self._keeper)
        impression = self.press(seal)
        sealed = self._house.home / "sealed" / "行政许可决定书-已盖章.pdf"
        sealed.parent.mkdir(exist_ok=True)
        self._house.store.copy_out(Digest.parse(impression.sealed or ""), sealed)
        return Shown(sealed, trust, seal, impression)

    def establish_authority(self) -> None:
        with self._house.database.read() as session:
            if find_newest(session, ProfileName.ISSUING) is not None:
                return
        with self._house.root_keys() as root:
            held = Ceremony(
                database=self._house.database,
                clock=self._house.clock,
                root_keys=root,
                service_keys=self._house.keys,
                name=AUTHORITY,
                organization=DEMO_MARK,
                algorithm=self._house.algorithm,
                unit=DEMO_MARK,
                production=False,
            ).hold(actor=self._keeper)
        self._house.trust.publish(root_revocation_list=held.root_revocation_list, actor=self._keeper)

    def register_parties(self) -> None:
        parties = self._house.parties
        if all(body.credit_code != CREDIT_CODE for body in parties.organizations()):
            parties.add_organization(
                credit_code=CREDIT_CODE, name=OWNER, name_en=OWNER_EN, is_demo=True, actor=self._keeper
            )
        known = {person.handle for person in parties.people()}
        for handle, name in PEOPLE.items():
            if handle not in known:
                parties.add_person(handle=handle, name=name, credit_code=CREDIT_CODE, actor=self._keeper)

    def make_seal(self) -> Seal:
        """One asks, another approves, a third makes; whoever runs the house keeps it."""
        seals, clerk, chief, maker = self._house.seals, *PEOPLE
        seal = self._find_seal()
        if seal is None:
            wanted = SealRequest(
                credit_code=CREDIT_CODE, kind=SealKind.APPROVAL, keepers=[self._keeper], code=SEAL_CODE
            )
            seal = seals.request(wanted, actor=clerk)
        if seal.state is SealState.REQUESTED:
            seal = seals.approve(seal.code, actor=chief, cause="演示用章，同意制作")
        if seal.state is SealState.APPROVED:
            seal = seals.make(seal.code, actor=maker)
        return seal

    def press(self, seal: Seal) -> Impression:
        """The sample approval, sealed where it says 盖章; the same impression each time."""
        with resources.as_file(resources.files("sealservice.samples").joinpath(APPROVAL)) as document:
            return self._house.pressing.press(
                PressRequest(
                    document=document,
                    seal_code=seal.code,
                    keeper=self._keeper,
                    placement=Keyword(text="盖章"),
                    reason="行政许可决定（演示）",
                    matter="DEMO-0127",
                    idempotency_key="demonstration",
                )
            )

    def _find_seal(self) -> Seal | None:
        with self._house.database.read() as session:
            return next((seal for seal in list_seals(session) if seal.code == SEAL_CODE), None)
