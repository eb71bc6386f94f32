"""A house with an authority of its own, whose time others may ask for as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sealservice.assembly import House
from sealservice.demo import Demonstration
from sealservice.timestamps.authority import TimestampAuthority
from tests.support.departments import SetClock
from tests.support.houses import made_house


@pytest.fixture(scope="module")
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: SetClock) -> Iterator[House]:
    with made_house(tmp_path_factory.mktemp("house") / "var", clock=clock) as made:
        Demonstration(made).establish_authority()
        yield made


@pytest.fixture(scope="module")
def authority(house: House) -> TimestampAuthority:
    return house.own_timestamps
