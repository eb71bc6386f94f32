"""A department presses its seal, and everything that must agree afterwards does."""

from __future__ import annotations

from sealservice.assembly import House
from sealservice.impressions.queries import balance
from sealservice.impressions.request import PressRequest
from sealservice.seals.model import Seal
from sealservice.workers.order import Keyword
from tests.support.houses import KEEPER, SAMPLES


def test_an_approval_is_sealed_where_it_says_so(house: House, seal: Seal) -> None:
    impression = house.pressing.press(
        PressRequest(
            document=SAMPLES / "approval-letter-1-page.pdf",
            seal_code=seal.code,
            keeper=KEEPER,
            placement=Keyword(text="盖章"),
        )
    )

    with house.database.read() as session:
        found = balance(session)
    assert (found.released, found.recorded, found.audited, found.unsettled) == (1, 1, 1, 0)
    assert impression.sealed is not None
