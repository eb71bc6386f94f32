"""The desk at which a keeper presses, and whose parts a story may exchange for ones that fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keystore.keys import KeyRef, SigningKey
from sealservice.assembly import House
from sealservice.impressions.intention import Intentions
from sealservice.impressions.model import Impression, ImpressionState
from sealservice.impressions.operations import Pressing
from sealservice.impressions.request import PressRequest
from sealservice.impressions.signing import Signer
from sealservice.kernel.errors import SealServiceError
from sealservice.seals.model import Seal
from sealservice.timestamps.sources import TimestampSource
from tests.impressions.rest import acts, tried
from tests.impressions.stories import approval


@dataclass(frozen=True)
class Desk:
    """One house, one seal, and an idempotency key that nobody used before: what is on record under it is this story."""

    house: House
    seal: Seal
    key: str

    @property
    def request(self) -> PressRequest:
        return self.asked()

    def asked(self, **changes: Any) -> PressRequest:
        return approval(**{"seal_code": self.seal.code, "idempotency_key": self.key, **changes})

    @property
    def pressing(self) -> Pressing:
        return self.house.pressing

    def with_key(self, key: Callable[[SigningKey], SigningKey]) -> Pressing:
        """Pressing with another key in the place of the token's, or around it."""

        def signing_key(ref: KeyRef) -> SigningKey:
            return key(self.house.keys.signing_key(ref))

        return replace(self.pressing, signer=Signer(signing_key, self.house.timestamps))

    def with_time_from(self, source: TimestampSource) -> Pressing:
        """Pressing with another source of time."""
        house = self.house
        return replace(
            self.pressing,
            signer=Signer(house.keys.signing_key, source),
            intentions=Intentions(house.database, house.clock, house.instance.name, source),
        )

    def fails(self, error: type[Exception], pressing: Pressing | None = None, **changes: Any) -> SealServiceError:
        """Presses and returns the error that must come."""
        with pytest.raises(error) as told:
            (pressing or self.pressing).press(self.asked(**changes))
        return told.value  # type: ignore[return-value]

    @property
    def record(self) -> Impression:
        return tried(self.house, self.key)

    def assert_failed(self, code: str) -> None:
        """On record as FAILED for that reason, in the audit too; and a second try may be made."""
        impression = self.record
        assert (impression.state, impression.failure) == (ImpressionState.FAILED, code)
        assert impression.settled_at is not None
        assert impression.sealed is None
        assert acts(self.house, impression) == [("impression.fail", code)]
