"""A token that hangs, lies or dies with the house, behind a real PKCS#11 module that misbehaves on request."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealservice.assembly import House, open_house
from sealservice.certificates.model import Certificate, StoredKey
from sealservice.impressions.model import Impression, ImpressionState
from sealverify.cms import read_signed_data
from sealverify.digest import Digest
from tests.impressions.homes import Home
from tests.impressions.processes import elsewhere, told
from tests.impressions.rest import acts, assert_at_rest, tried
from tests.impressions.stories import press_again, press_behind_the_double, wait_for_a_late_token
from tests.keystore.faulty import build_proxy

KEY = "令牌-1"


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_proxy(tmp_path_factory.mktemp("proxy"))


@dataclass(frozen=True)
class Behind:
    """A home whose token is behind the double, and where the double is told what to do."""

    home: Home
    control: Path
    witness: Path

    @property
    def settings(self) -> Path:
        return self.home.folder / "sealservice.toml"

    def signatures(self) -> int:
        return len(self.witness.read_text(encoding="utf-8").splitlines())

    def take_the_double_out(self) -> None:
        text = self.settings.read_text(encoding="utf-8")
        self.settings.write_text(text.partition("[token]")[0], encoding="utf-8")


@pytest.fixture
def behind(home: Home, proxy: Path, tmp_path: Path) -> Behind:
    control, witness = tmp_path / "control", tmp_path / "witness"
    control.mkdir()
    witness.touch()
    made = Behind(home, control, witness)
    with made.settings.open("a", encoding="utf-8") as file:
        file.write(f'[token]\nmodule = "{proxy}"\nsessions = 2\ndeadline_seconds = 3\n')
    return made


def public_key(house: House, impression: Impression) -> bytes:
    with house.database.read() as session:
        certificate = session.get_one(Certificate, impression.certificate_id)
        return session.get_one(StoredKey, certificate.key_id).public_key


def test_a_token_that_flips_a_bit_is_found_out_before_anything_is_released(behind: Behind) -> None:
    arguments = (str(behind.home.folder), str(behind.control), str(behind.witness), KEY, "flip-bit")

    assert told(press_behind_the_double, *arguments) == "KEYSTORE_SIGNATURE_WRONG"

    assert behind.signatures() == 1
    with open_house(behind.home.folder) as house:
        failed = tried(house, KEY)
        assert (failed.state, failed.failure) == (ImpressionState.FAILED, "KEYSTORE_SIGNATURE_WRONG")
        assert_at_rest(house)


def test_a_signature_that_comes_too_late_is_kept_back_and_settled_at_the_next_start(behind: Behind) -> None:
    """Its caller has gone with an error, so it must never go out; yet it was made, and is evidence."""
    arguments = (str(behind.home.folder), str(behind.control), KEY)
    with elsewhere(wait_for_a_late_token, *arguments) as other:
        assert other.hear() == ("KEYSTORE_TIMEOUT", True)
        assert other.hear() == "IDEMPOTENCY_KEY_BUSY"
        assert other.ended() == -signal.SIGKILL

    with open_house(behind.home.folder, settle=False) as house:
        kept = tried(house, KEY)
        assert (kept.state, kept.sealed) == (ImpressionState.SIGNED, None)
        signed = read_signed_data(kept.cms or b"")
        signed.check(digest=Digest.parse(kept.signed_digest), public_key=public_key(house, kept))

        house.settle()

        settled = tried(house, KEY)
        assert (settled.state, settled.failure) == (ImpressionState.FAILED, "SIGNED_NOT_RELEASED")
        assert settled.cms == kept.cms
        assert [act for act, _ in acts(house, settled)] == ["impression.sign", "impression.fail"]
        assert_at_rest(house)

    behind.take_the_double_out()
    again = told(press_again, str(behind.home.folder), str(behind.witness), KEY)
    assert (again["state"], again["replaces"]) == (ImpressionState.RECORDED, kept.impression_id)


def test_the_power_goes_while_the_token_is_at_work(behind: Behind) -> None:
    """Not around the call but inside of it: the double tells that it was entered, and never answers."""
    entered = behind.control / "hanging"
    os.mkfifo(entered)
    listener = os.open(entered, os.O_RDONLY | os.O_NONBLOCK)
    arguments = (str(behind.home.folder), str(behind.control), str(behind.witness), KEY, "hang-sign")
    with elsewhere(press_behind_the_double, *arguments) as other:
        assert_told(listener)
        other.kill()
        assert other.ended() == -signal.SIGKILL

    assert behind.signatures() == 0
    with open_house(behind.home.folder) as house:
        assert tried(house, KEY).state is ImpressionState.ABANDONED
        assert_at_rest(house)


def assert_told(listener: int) -> None:
    readable, _, _ = select.select([listener], [], [], 60)
    assert readable
    os.close(listener)
