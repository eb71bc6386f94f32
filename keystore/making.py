"""Making keys: in the token to stay, or born wrapped; wrapping keys and the test key. In one session, now."""

from __future__ import annotations

import secrets
from dataclasses import replace

from keystore.algorithms import ECDSA_P256, SignatureAlgorithm, get_algorithm
from keystore.errors import KeyNotFound
from keystore.keys import KeyRecord, KeyRef, KeyUse, Protection
from keystore.session import WorkSession
from keystore.token import TokenObject
from keystore.wrapped import born_wrapped, wrapped_anew

TEST_KEY_LABEL = "sealservice-test"
WRAPPING_KEY_PREFIX = "sealservice-wrapping-"


def make_stored(session: WorkSession, algorithm: SignatureAlgorithm, label: str) -> KeyRef:
    """A key pair that rests in the token and cannot leave it."""
    key_id = secrets.token_hex(16)
    pair = session.raw.generate_pair(algorithm, key_id=key_id, label=label, stored=True, extractable=False)
    return _stored_ref(session, algorithm, label, (key_id, pair.public_key))


def make_wrapped(session: WorkSession, algorithm: SignatureAlgorithm, label: str) -> KeyRef:
    """A key pair born wrapped under the newest wrapping key. Raises KeyNotFound when there is none."""
    key_id, wrapping_id = secrets.token_hex(16), _newest_wrapping_key(session)
    wrapping_key = session.wrapping_key(wrapping_id, for_label=label)
    born = born_wrapped(session.raw, wrapping_key, algorithm, key_id=key_id, label=label)
    ref = _stored_ref(session, algorithm, label, (key_id, born.public_key))
    return replace(ref, protection=Protection.WRAPPED, wrapped=born.wrapped, wrapping_key_id=wrapping_id)


def wrap_anew(session: WorkSession, ref: KeyRef) -> KeyRef:
    """`ref` under the newest wrapping key; the same KeyRef if it is no wrapped key, or under that one already."""
    newest = _newest_wrapping_key(session)
    if ref.wrapped is None or ref.wrapping_key_id == newest:
        return ref
    old = session.wrapping_key(ref.wrapping_key_id or "", for_label=ref.label)
    new = session.wrapping_key(newest, for_label=ref.label)
    wrapped = wrapped_anew(session.raw, old, new, get_algorithm(ref.algorithm), ref.wrapped)
    return replace(ref, wrapped=wrapped, wrapping_key_id=newest)


def holds(session: WorkSession, ref: KeyRef) -> bool:
    """Whether the token has what `ref` rests on: the key itself, or the wrapping key that it lies under."""
    if ref.protection is Protection.WRAPPED:
        return session.raw.find_wrapping_key(ref.wrapping_key_id or "") is not None
    return session.raw.find_private(key_id=ref.key_id, label=ref.label) is not None


def make_wrapping_key(session: WorkSession) -> KeyRecord:
    """The next in the row of wrapping keys. Their labels carry a number, because a token keeps no order."""
    numbers = [int(label.removeprefix(WRAPPING_KEY_PREFIX)) for label, _ in _wrapping_keys(session)]
    label = f"{WRAPPING_KEY_PREFIX}{max(numbers, default=0) + 1:04d}"
    key_id = secrets.token_hex(16)
    session.raw.generate_wrapping_key(key_id=key_id, label=label, stored=True)
    return next(record(item) for item in session.raw.stored_keys() if item.key_id == key_id)


def find_or_make_test_key(session: WorkSession) -> KeyRef:
    """The key that health is asked with. It rests in the token, so that it is missed when the token is gone."""
    algorithm = get_algorithm(ECDSA_P256)
    found = session.raw.find_pairs(TEST_KEY_LABEL)
    if found:
        return _stored_ref(session, algorithm, TEST_KEY_LABEL, found[0])
    return make_stored(session, algorithm, TEST_KEY_LABEL)


def _wrapping_keys(session: WorkSession) -> list[tuple[str, str]]:
    return [item for item in session.raw.find_wrapping_keys() if item[0].startswith(WRAPPING_KEY_PREFIX)]


def _newest_wrapping_key(session: WorkSession) -> str:
    ours = _wrapping_keys(session)
    if not ours:
        raise KeyNotFound("KEYSTORE_NO_WRAPPING_KEY", token=session.settings.token_label)
    return ours[-1][1]


def _stored_ref(session: WorkSession, algorithm: SignatureAlgorithm, label: str, made: tuple[str, bytes]) -> KeyRef:
    return KeyRef(
        key_id=made[0],
        algorithm=algorithm.oid,
        protection=Protection.TOKEN_OBJECT,
        public_key=made[1],
        token=session.settings.token_label,
        label=label,
    )


def record(item: TokenObject) -> KeyRecord:
    """How an object of the token is shown to people."""
    use = KeyUse.WRAPPING if item.secret else KeyUse.TEST if item.label == TEST_KEY_LABEL else KeyUse.SIGNING
    return KeyRecord(
        key_id=item.key_id,
        label=item.label,
        use=use,
        kind=item.kind,
        algorithm=item.algorithm,
        public_key=item.public_key,
        sensitive=item.sensitive,
        extractable=item.extractable,
    )
