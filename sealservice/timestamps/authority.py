"""Our own timestamp authority (RFC 3161), for a house that has no other.

Its word is the house's own: certificate and token policy both say so, and every report repeats it. It stamps nothing
while the clock is behind the register.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from keystore.errors import KeyStoreError
from keystore.keys import SigningKey
from sealservice.kernel.clock import Clock, require_not_behind
from sealservice.kernel.errors import Unavailable
from sealservice.timestamps.sources import Stamped
from sealverify import oids
from sealverify.cms import SignerTemplate
from sealverify.digest import Digest
from sealverify.errors import MalformedTimestamp
from sealverify.timestamp import encode_failure, encode_response, read_request, tst_info

ACCURACY_MILLIS = 1000  # the high-water rule lets the clock be a second off and no more (EN 319 421, 7.7.2)
_ACCEPTED = frozenset({"sha256", "sha384", "sha512"})
_BEYOND_CERTIFICATES = 1024  # a token's own parts: the info, the attributes, the signature


class TimestampAuthority:
    """Signs the time with the key of the TIMESTAMP profile."""

    name = "own"

    def __init__(
        self,
        key: SigningKey,
        chain: list[bytes],
        clock: Clock,
        last_recorded_at: Callable[[], datetime | None],
        *,
        key_id: str,
    ) -> None:
        self.key_id = key_id
        self._key, self._clock, self._last_recorded_at = key, clock, last_recorded_at
        self._template = SignerTemplate.for_certificate(chain[0], chain=chain[1:], algorithm=key.algorithm.oid)
        self._bare = replace(self._template, certificates=b"")
        self.token_size = sum(map(len, chain)) + _BEYOND_CERTIFICATES

    def timestamp(self, digest: Digest) -> Stamped:
        """Raises Unavailable("CLOCK_BEHIND"), and what the key store raises."""
        return Stamped(self._token(digest, self._template, nonce=None), self.name)

    def answer(self, request: bytes) -> bytes:
        """The response to a request as it came over a wire: a token, or a refusal in the protocol's own terms. The
        certificates are in it when they were asked for, and only then (RFC 3161, section 2.4.1)."""
        try:
            asked = read_request(request)
        except MalformedTimestamp as error:
            return encode_failure(failure=str(error.details["failure"]), text="this request cannot be answered")
        if asked.digest.algorithm not in _ACCEPTED:
            return encode_failure(failure="badAlg", text="ask with SHA-256, SHA-384 or SHA-512")
        if asked.policy not in (None, oids.TIMESTAMP_POLICY):
            return encode_failure(failure="unacceptedPolicy", text=f"the policy here is {oids.TIMESTAMP_POLICY}")
        try:
            template = self._template if asked.cert_req else self._bare
            return encode_response(self._token(asked.digest, template, nonce=asked.nonce))
        except Unavailable:
            return encode_failure(failure="timeNotAvailable", text="the clock is being looked at; ask again later")
        except KeyStoreError:
            return encode_failure(failure="systemFailure", text="the key does not sign now; ask again later")

    def _token(self, digest: Digest, template: SignerTemplate, *, nonce: int | None) -> bytes:
        now = self._clock.now()
        require_not_behind(now, self._last_recorded_at())
        info = tst_info(
            policy=oids.TIMESTAMP_POLICY,
            digest=digest,
            serial=secrets.randbits(127),
            time=now,
            accuracy_millis=ACCURACY_MILLIS,
            nonce=nonce,
        )
        attributes = template.signed_attributes(content_type=oids.TST_INFO, digest=Digest.of(info).value)
        return template.assemble(
            signed_attributes=attributes, signature=self._key.sign(attributes), encapsulated=(oids.TST_INFO, info)
        )
