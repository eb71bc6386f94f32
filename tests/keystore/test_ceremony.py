"""Making tokens, rotating wrapping keys, retiring, and the root that is opened only on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from keystore import ECDSA_P256, RSA_3072, KeyRef, PinFile, Protection, TokenSettings, ceremony, open_key_store
from keystore.errors import KeyNotFound, KeyStoreMisconfigured, KeyUnusable
from keystore.keys import KeyUse
from keystore.module import Module
from keystore.store import TokenKeyStore
from tests.support.tokens import make_token, softhsm_folder

MESSAGE = b"A licence to run a restaurant"


_numbers = count()


@pytest.fixture
def rotating(tmp_path: Path) -> Iterator[TokenKeyStore]:
    store = open_key_store(make_token(tmp_path, f"rotating {next(_numbers)}"))
    yield store
    store.close()


def _wrapping_keys(store: TokenKeyStore) -> list[str]:
    return sorted(record.label for record in ceremony.inventory(store) if record.use is KeyUse.WRAPPING)


def test_rotation_moves_every_key_and_the_old_wrapping_key_can_go(rotating: TokenKeyStore) -> None:
    saved: dict[str, KeyRef] = {}
    for algorithm in (ECDSA_P256, RSA_3072):
        ref = rotating.generate(algorithm=algorithm, label="Licence seal", protection=Protection.WRAPPED)
        saved[ref.key_id] = ref
    resting = rotating.generate(algorithm=ECDSA_P256, label="CA", protection=Protection.TOKEN_OBJECT)
    old = dict(saved)
    [old_wrapping] = {ref.wrapping_key_id for ref in old.values()}
    assert old_wrapping is not None

    made, moved = ceremony.rotate(rotating, [*old.values(), resting], save=lambda ref: saved.update({ref.key_id: ref}))

    assert moved == 2, "the one that rests in the token has nothing to move"
    assert _wrapping_keys(rotating) == ["sealservice-wrapping-0001", "sealservice-wrapping-0002"]
    for key_id, ref in saved.items():
        assert ref.wrapping_key_id == made.key_id
        assert ref.wrapped != old[key_id].wrapped
        assert ref.public_key == old[key_id].public_key
        assert rotating.signing_key(ref).sign(MESSAGE)
        assert rotating.signing_key(old[key_id]).sign(MESSAGE), "until it is retired, the old one stays good"
    assert ceremony.rewrap(rotating, saved.values(), save=lambda _: pytest.fail("nothing is left to move")) == 0

    with pytest.raises(KeyUnusable, match="2 keys are still wrapped"):
        ceremony.retire_wrapping_key(rotating, old_wrapping, old.values())
    ceremony.retire_wrapping_key(rotating, old_wrapping, saved.values())
    assert _wrapping_keys(rotating) == ["sealservice-wrapping-0002"]
    with pytest.raises(KeyNotFound):  # nothing is unwrapped yet: the old ones have nothing to be unwrapped with
        rotating.signing_key(next(iter(old.values()))).sign(MESSAGE)
    for ref in saved.values():
        assert rotating.signing_key(ref).sign(MESSAGE)


def test_new_keys_are_born_under_the_newest_wrapping_key(rotating: TokenKeyStore) -> None:
    newest = ceremony.generate_wrapping_key(rotating)
    ref = rotating.generate(algorithm=ECDSA_P256, label="New", protection=Protection.WRAPPED)
    assert ref.wrapping_key_id == newest.key_id
    assert (newest.kind, newest.sensitive, newest.extractable) == ("AES", True, False)


def test_a_wrapping_key_that_is_not_there_cannot_be_retired(rotating: TokenKeyStore) -> None:
    with pytest.raises(KeyNotFound):
        ceremony.retire_wrapping_key(rotating, "00" * 16, [])


def test_a_broken_off_rotation_is_run_again(rotating: TokenKeyStore) -> None:
    refs = [rotating.generate(algorithm=ECDSA_P256, label=f"Seal {n}", protection=Protection.WRAPPED) for n in range(3)]
    saved: list[KeyRef] = []

    def save_one_and_fail(ref: KeyRef) -> None:
        if saved:
            raise ConnectionError
        saved.append(ref)

    with pytest.raises(ConnectionError):
        ceremony.rotate(rotating, refs, save=save_one_and_fail)
    assert ceremony.rewrap(rotating, [*saved, *refs[1:]], save=saved.append) == 2
    assert [rotating.signing_key(ref).sign(MESSAGE)[:1] for ref in saved] == [b"0"] * 3


def test_a_new_token_has_random_private_pins_and_a_label_of_its_own(tmp_path: Path) -> None:
    folder = softhsm_folder()
    pin, so_pin = tmp_path / "pin", tmp_path / "so-pin"
    configuration = ceremony.create_softhsm_token(folder, "created", pin, so_pin)
    assert configuration == folder / "softhsm2.conf"
    for path in (pin, so_pin):
        assert path.stat().st_mode & 0o777 == 0o600
    assert pin.read_text() != so_pin.read_text()
    assert (folder / "tokens").stat().st_mode & 0o077 == 0
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        ceremony.create_softhsm_token(folder, "created", pin, so_pin)
    assert refusal.value.code == "KEYSTORE_TOKEN_EXISTS"


def test_the_root_is_open_for_one_act_and_logged_out_afterwards(tmp_path: Path, store: TokenKeyStore) -> None:
    """Beside the service's own token, which stays open."""
    root = make_token(tmp_path, "root", wrapping_key=False)
    with ceremony.opened(root) as opened:
        ref = opened.generate(algorithm=RSA_3072, label="Root", protection=Protection.TOKEN_OBJECT)
        assert opened.signing_key(ref).sign(MESSAGE)
        assert "root" in Module.load(root.module).logins
    assert "root" not in Module.load(root.module).logins
    with ceremony.opened(root) as opened:
        assert opened.signing_key(ref).sign(MESSAGE)
    assert store.health().ready


def test_a_token_or_configuration_that_is_not_there(
    settings: TokenSettings, store: TokenKeyStore, tmp_path: Path
) -> None:
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        open_key_store(
            TokenSettings(
                module=settings.module,
                token_label="nobody's",
                pin_source=PinFile(tmp_path / "pin"),
                state_folder=settings.state_folder,
            )
        )
    assert refusal.value.code == "KEYSTORE_TOKEN_NOT_FOUND"
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        ceremony.create_softhsm_token(tmp_path / "elsewhere", "other", tmp_path / "pin", tmp_path / "so-pin")
    assert refusal.value.code == "KEYSTORE_MODULE_ELSEWHERE", "one process, one SoftHSM folder, while one is open"
