"""What a department gets from the key store: keys that sign, and never leave."""

from __future__ import annotations

import os
import subprocess
import textwrap
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

import keystore
from keystore import (
    ALGORITHMS,
    ECDSA_P256,
    RSA_3072,
    KeyRef,
    MechanismProfile,
    Protection,
    TokenSettings,
    open_key_store,
)
from keystore.algorithms import CKM_ECDSA, SignerIdentity, TokenInput, TokenOutput
from keystore.errors import (
    KeyNotFound,
    KeyStoreMisconfigured,
    MechanismMissing,
    PolicyForbids,
    SelfTestFailed,
)
from keystore.keys import KeyUse
from keystore.rates import measure_rates
from keystore.store import TokenKeyStore
from tests.keystore.faulty import FaultyToken, faulty
from tests.support.tokens import make_token

MESSAGE = "关于同意建设项目开工的批复".encode()
BOTH = [(algorithm, protection) for algorithm in ALGORITHMS for protection in Protection]


@pytest.fixture(scope="module")
def refs(store: TokenKeyStore) -> dict[tuple[str, Protection], KeyRef]:
    return {
        (algorithm, protection): store.generate(algorithm=algorithm, label=f"批复 {protection}", protection=protection)
        for algorithm, protection in BOTH
    }


@pytest.mark.parametrize(("algorithm", "protection"), BOTH)
def test_openssl_accepts_what_the_token_signs(
    store: TokenKeyStore,
    refs: dict[tuple[str, Protection], KeyRef],
    tmp_path: Path,
    algorithm: str,
    protection: Protection,
) -> None:
    ref = refs[algorithm, protection]
    assert (ref.protection, ref.algorithm, ref.wrapped is None) == (
        protection,
        algorithm,
        protection is Protection.TOKEN_OBJECT,
    )
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(store.signing_key(ref).sign(MESSAGE))
    (tmp_path / "key").write_bytes(ref.public_key)
    command = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", "key", "-signature", "signature", "message"]
    judged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert judged.stdout.strip() == "Verified OK", judged.stderr


def test_the_raw_form_is_that_of_jose(store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]) -> None:
    ref = refs[ECDSA_P256, Protection.WRAPPED]
    raw = store.signing_key(ref).sign_raw(MESSAGE)
    assert len(raw) == 64, "RFC 7518 section 3.4"
    public = load_der_public_key(ref.public_key)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))


def test_a_key_ref_is_all_that_a_database_needs(
    store: TokenKeyStore, settings: TokenSettings, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    for ref in refs.values():
        kept = KeyRef.from_json(ref.as_json())
        assert kept == ref
        again = open_key_store(settings)
        assert again.signing_key(kept).sign(MESSAGE)
        again.close()


def test_nothing_that_can_be_seen_in_the_token_can_leave_it(
    store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    """Every private and secret key, the unwrapped ones in memory too, as any program with the PIN would see them."""
    for ref in refs.values():
        store.signing_key(ref).sign(MESSAGE)

    def look(session: object) -> list[tuple[bool, bool, bool]]:
        raw = session.raw._session  # type: ignore[attr-defined]
        found = []
        for kind in (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.SECRET_KEY):
            for item in raw.get_objects({pkcs11.Attribute.CLASS: kind}):
                secret = pkcs11.Attribute.VALUE if item.key_type != pkcs11.KeyType.RSA else pkcs11.Attribute.PRIME_1
                with pytest.raises(pkcs11.AttributeSensitive):
                    item[secret]
                found.append(tuple(item[getattr(pkcs11.Attribute, a)] for a in ("TOKEN", "SENSITIVE", "EXTRACTABLE")))
        return found

    seen = store.perform(look)
    assert all(sensitive and not extractable for _, sensitive, extractable in seen)
    assert (True, True, False) in seen
    assert (False, True, False) in seen, "an unwrapped key is among them"


def test_an_unwrapped_key_cannot_be_wrapped_again_by_who_is_not_rotating(
    store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    ref = refs[ECDSA_P256, Protection.WRAPPED]

    def steal(session: object) -> None:
        handle = session.unwrapped(ref, keystore.ALGORITHMS[ECDSA_P256])  # type: ignore[attr-defined]
        wrapping = session.wrapping_key(ref.wrapping_key_id, for_label="")  # type: ignore[attr-defined]
        session.raw.wrap(wrapping, handle)  # type: ignore[attr-defined]

    with pytest.raises(PolicyForbids):
        store.perform(steal)


def test_born_wrapped_keys_do_not_fill_the_token(store: TokenKeyStore) -> None:
    before = store.inventory()
    for number in range(20):
        store.generate(algorithm=ECDSA_P256, label=f"Seal {number}", protection=Protection.WRAPPED)
    assert store.inventory() == before


def test_where_wrapping_is_forbidden_seal_keys_rest_in_the_token(
    settings: TokenSettings, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    strict = open_key_store(replace(settings, wrapping_allowed=False))
    ref = strict.generate(algorithm=ECDSA_P256, label="Strict", protection=Protection.WRAPPED)
    assert (ref.protection, ref.wrapped) == (Protection.TOKEN_OBJECT, None)
    assert strict.signing_key(ref).sign(MESSAGE)
    with pytest.raises(PolicyForbids) as refusal:
        strict.signing_key(refs[ECDSA_P256, Protection.WRAPPED])
    assert refusal.value.code == "KEYSTORE_WRAPPING_FORBIDDEN"
    assert [step.name for step in strict.self_test().steps] == ["sign and verify with the test key"]
    strict.retire(ref)
    strict.close()


def test_a_retired_key_signs_no_more(store: TokenKeyStore) -> None:
    for protection in Protection:
        ref = store.generate(algorithm=ECDSA_P256, label="To be retired", protection=protection)
        key = store.signing_key(ref)
        key.sign(MESSAGE)
        store.retire(ref)
        with pytest.raises(KeyNotFound):
            key.sign(MESSAGE)
        with pytest.raises(KeyNotFound) as refusal:
            store.signing_key(ref)
        assert refusal.value.code == "KEYSTORE_KEY_RETIRED"
        assert ref.key_id not in {record.key_id for record in store.inventory()}


def test_the_inventory_says_what_rests_in_the_token(
    store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    records = {record.key_id: record for record in store.inventory()}
    ref = refs[RSA_3072, Protection.TOKEN_OBJECT]
    record = records[ref.key_id]
    assert (record.use, record.kind, record.algorithm) == (KeyUse.SIGNING, "RSA", RSA_3072)
    assert (record.public_key, record.label) == (ref.public_key, ref.label)
    assert (record.sensitive, record.extractable) == (True, False)
    assert {record.use for record in records.values()} == set(KeyUse)


def test_keys_of_another_token_and_unknown_algorithms_are_refused_by_name(
    store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    with pytest.raises(KeyNotFound, match="belongs to the token elsewhere"):
        store.signing_key(replace(refs[ECDSA_P256, Protection.WRAPPED], token="elsewhere"))
    with pytest.raises(KeyStoreMisconfigured, match="ecdsa-with-SHA256"):
        store.generate(algorithm="1.2.3", label="x", protection=Protection.WRAPPED)


def test_a_wrapped_key_whose_wrapping_key_is_lost_says_which(
    store: TokenKeyStore, refs: dict[tuple[str, Protection], KeyRef]
) -> None:
    orphan = replace(refs[ECDSA_P256, Protection.WRAPPED], key_id="11" * 16, wrapping_key_id="ab" * 16)
    with pytest.raises(KeyNotFound, match="ab" * 16) as refusal:
        store.signing_key(orphan).sign(MESSAGE)
    assert refusal.value.code == "KEYSTORE_WRAPPING_KEY_NOT_FOUND"


def test_a_token_without_a_wrapping_key_says_how_to_get_one(tmp_path: Path) -> None:
    bare = open_key_store(make_token(tmp_path, "bare", wrapping_key=False))
    with pytest.raises(KeyNotFound, match="sealservice keys rotate"):
        bare.generate(algorithm=ECDSA_P256, label="Seal", protection=Protection.WRAPPED)
    bare.close()


# -- how a token is asked


def test_a_token_that_hashes_by_itself_is_asked_in_its_own_way(settings: TokenSettings) -> None:
    """CKM_SHA256_RSA_PKCS takes the message, where the table's CKM_RSA_PKCS takes the DigestInfo."""
    whole = MechanismProfile(mechanism=0x40, token_input=TokenInput.MESSAGE, token_output=TokenOutput.WHOLE)
    other = open_key_store(replace(settings, profiles={RSA_3072: whole}))
    ref = other.generate(algorithm=RSA_3072, label="RSA", protection=Protection.WRAPPED)
    assert len(other.signing_key(ref).sign(MESSAGE)) == 384
    assert "sign and verify with sha256WithRSAEncryption as configured" in [s.name for s in other.self_test().steps]
    other.close()


@pytest.mark.parametrize(
    "profile",
    [
        MechanismProfile(mechanism=CKM_ECDSA, token_input=TokenInput.DIGEST, token_output=TokenOutput.DER),
        MechanismProfile(mechanism=0x80008102, token_input=TokenInput.MESSAGE, token_output=TokenOutput.RAW),
    ],
)
def test_a_wrong_profile_is_refused_before_it_signs_a_document(token: FaultyToken, profile: MechanismProfile) -> None:
    settings = token.settings(profiles={ECDSA_P256: profile})
    assert token.run(open_with_settings, settings.as_json()) == "KEYSTORE_SELF_TEST_FAILED"


def open_with_settings(folder: str, module: str, settings: dict[str, object]) -> str:
    with pytest.raises((SelfTestFailed, MechanismMissing)) as refusal:
        open_key_store(TokenSettings.from_json(settings))
    return refusal.value.code


def test_a_profile_with_a_signers_id_is_not_pretended(settings: TokenSettings) -> None:
    with pytest.raises(KeyStoreMisconfigured):
        MechanismProfile(
            mechanism=0x80008102,
            token_input=TokenInput.MESSAGE,
            token_output=TokenOutput.RAW,
            identity=SignerIdentity.FIXED_DEFAULT,
        )


# -- the store itself


def test_health_and_self_test_of_a_well_token(store: TokenKeyStore) -> None:
    health = store.health()
    assert (health.ready, health.replace_process, health.stuck, health.reason) == (True, False, 0, None)
    test = store.self_test()
    assert test.passed
    assert "SoftHSM" in test.module
    assert [step.name for step in test.steps] == ["sign and verify with the test key", "wrap, unwrap, sign, verify"]


def test_rates_are_measured_and_leave_nothing_behind(store: TokenKeyStore) -> None:
    before = store.inventory()
    rates = list(measure_rates(store, seconds=0.05))
    assert {rate.name.split(",")[0] for rate in rates} == {row.name for row in ALGORITHMS.values()}
    assert all(rate.operations > 0 and rate.per_second > 0 for rate in rates)
    assert any("unwrapped each time" in rate.name for rate in rates)
    assert store.inventory() == before


def test_a_closed_store_says_so(settings: TokenSettings, refs: dict[tuple[str, Protection], KeyRef]) -> None:
    again = open_key_store(settings)
    key = again.signing_key(refs[ECDSA_P256, Protection.TOKEN_OBJECT])
    again.close()
    again.close()
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        key.sign(MESSAGE)
    assert refusal.value.code == "KEYSTORE_CLOSED"


def test_a_store_does_not_survive_a_fork(token: FaultyToken) -> None:
    assert token.run(sign_after_a_fork) == "KEYSTORE_FORKED"


def sign_after_a_fork(folder: str, module: str) -> str:
    store = open_key_store(faulty(folder, module).settings())
    reading, writing = os.pipe()
    if not os.fork():
        code = "signed"
        try:
            store.generate(algorithm=ECDSA_P256, label="child", protection=Protection.WRAPPED)
        except KeyStoreMisconfigured as refusal:
            code = refusal.code
        os.write(writing, code.encode())
        os._exit(0)
    os.wait()
    store.close()
    return os.read(reading, 100).decode()


def test_the_example_of_the_package_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_token(tmp_path, "seals")
    (tmp_path / "seals.pin").rename(tmp_path / "pin")
    monkeypatch.chdir(tmp_path)
    assert keystore.__doc__ is not None
    example = textwrap.dedent(keystore.__doc__.split("\n\n", 1)[1])
    names: dict[str, object] = {}
    exec(example, names)
    assert isinstance(names["signature"], bytes)
