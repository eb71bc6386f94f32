"""Key references, the table of algorithms, the forms of a signature, and the sentences of refusals."""

from __future__ import annotations

import hashlib
import inspect
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from keystore import errors
from keystore.algorithms import ALGORITHMS, ECDSA_P256, RSA_3072, MechanismProfile, TokenInput, TokenOutput
from keystore.keys import KeyRef, Protection
from keystore.sentences import SENTENCES
from keystore.signature import encode_der, encode_raw, verifies
from sealverify.messages import catalogue

# RFC 6979 section A.2.5, P-256 with SHA-256, message "sample"
_X = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
_Y = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
_R = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
_S = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04" + _X + _Y)
RAW = bytes.fromhex(_R + _S)

_hex_id = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(
    st.builds(
        KeyRef,
        key_id=_hex_id,
        algorithm=st.sampled_from(sorted(ALGORITHMS)),
        protection=st.sampled_from(Protection),
        public_key=st.binary(max_size=100),
        token=st.text(max_size=32),
        label=st.text(max_size=50),
        wrapped=st.none() | st.binary(max_size=200),
        wrapping_key_id=st.none() | _hex_id,
    )
)
def test_a_key_ref_comes_back_from_json_as_it_was(ref: KeyRef) -> None:
    assert KeyRef.from_json(ref.as_json()) == ref


def test_a_published_signature_verifies_and_a_changed_one_does_not() -> None:
    algorithm = ALGORITHMS[ECDSA_P256]
    assert verifies(PUBLIC, algorithm, RAW, algorithm.digest(b"sample"))
    assert not verifies(PUBLIC, algorithm, RAW, algorithm.digest(b"samplf"))
    for place in range(len(RAW)):
        changed = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
        assert not verifies(PUBLIC, algorithm, changed, algorithm.digest(b"sample"))


@given(st.binary(max_size=100))
def test_anything_malformed_is_a_no_and_no_exception(signature: bytes) -> None:
    for algorithm in ALGORITHMS.values():
        assert not verifies(PUBLIC, ALGORITHMS[ECDSA_P256], signature, algorithm.digest(b"sample"))


@given(st.integers(min_value=1, max_value=2**256 - 1), st.integers(min_value=1, max_value=2**256 - 1))
def test_raw_and_der_say_the_same(r: int, s: int) -> None:
    algorithm = ALGORITHMS[ECDSA_P256]
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert encode_der(raw, algorithm) == encode_dss_signature(r, s)
    gives_der = MechanismProfile(mechanism=1, token_input=TokenInput.DIGEST, token_output=TokenOutput.DER)
    assert encode_raw(encode_dss_signature(r, s), algorithm, gives_der) == raw


def test_rsa_gets_the_digest_info_of_rfc_8017() -> None:
    algorithm = ALGORITHMS[RSA_3072]
    digest = hashlib.sha256(b"sample").digest()
    given_to_token = algorithm.input_for(algorithm.profile, b"sample", digest)
    assert given_to_token.hex() == "3031300d060960864801650304020105000420" + digest.hex()


def test_every_code_that_is_raised_has_its_sentence_in_both_languages() -> None:
    source = "".join(path.read_text() for path in Path(errors.__file__).parent.glob("*.py"))
    raised = set(re.findall(r'"(KEYSTORE_[A-Z_]+)"', source))
    assert raised == set(SENTENCES)
    messages = catalogue("sealservice.messages")
    for code in SENTENCES:
        assert messages.template(code).en == SENTENCES[code], code
        fields = re.compile(r"\{(\w+)\}")
        assert set(fields.findall(messages.template(code).zh)) == set(fields.findall(SENTENCES[code])), code


def test_the_drawn_hierarchy_of_errors_is_the_real_one() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    real = [cls.__name__ for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]
    assert sorted(drawn) == sorted(set(real) - {"KeyStoreError"})


def test_a_refusal_shows_what_it_knows_and_never_fails_to_be_said() -> None:
    assert str(errors.KeyNotFound("KEYSTORE_KEY_RETIRED", label="Seal")) == (
        "KEYSTORE_KEY_RETIRED: The key Seal ({key_id}) was retired and signs no more."
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda row: row.name)
def test_each_row_is_named_by_its_own_oid(algorithm: object) -> None:
    assert ALGORITHMS[algorithm.oid] is algorithm  # type: ignore[attr-defined]
