"""The press itself: attributes, signature, timestamp, CMS. No transaction is open here, and no PDF is ever read.

The service builds the signed attributes (ETSI EN 319 142-1, 6.3: content-type, message-digest, signing-certificate-v2)
from the one digest that the intent holds; nothing a document says can get in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from keystore.algorithms import get_algorithm
from keystore.errors import TokenTimeout
from keystore.keys import KeyRef, SigningKey
from keystore.signature import encode_der
from sealservice.impressions.intention import Intent
from sealservice.impressions.request import Level
from sealservice.kernel.errors import Unavailable
from sealservice.seals.queries import SealingMeans
from sealservice.timestamps.sources import Stamped, TimestampSource
from sealverify import oids
from sealverify.cms import SignerTemplate
from sealverify.digest import Digest

_BEYOND_CERTIFICATES = 1536  # attributes, a signature of up to 4,096 bits, and the structure around them


@dataclass(frozen=True)
class Signed:
    """The Signature: its CMS, and the timestamp in it."""

    cms: bytes
    timestamp: Stamped | None


class Signer:
    """Redeems intents at the key store."""

    def __init__(self, signing_key: Callable[[KeyRef], SigningKey], timestamps: TimestampSource) -> None:
        self._signing_key, self._timestamps = signing_key, timestamps

    def sign(self, intent: Intent) -> Signed:
        """Raises what the key store and the timestamp source raise; then nothing was released."""
        template = _template(intent.means)
        attributes = template.signed_attributes(content_type=oids.DATA, digest=intent.redeem().value)
        signature = self._signing_key(intent.means.key).sign(attributes)
        timestamp = self._stamp(Digest.of(signature)) if intent.level is Level.B_T else None
        token = timestamp.token if timestamp is not None else None
        cms = template.assemble(signed_attributes=attributes, signature=signature, timestamp_token=token)
        return Signed(cms, timestamp)

    def cms_of_late(self, intent: Intent, signature: bytes) -> bytes:
        """The CMS, without a timestamp, around a signature (raw) that came when nobody waited for it any more."""
        template = _template(intent.means)
        attributes = template.signed_attributes(content_type=oids.DATA, digest=intent.digest.value)
        value = encode_der(signature, get_algorithm(intent.means.key.algorithm))
        return template.assemble(signed_attributes=attributes, signature=value)

    def _stamp(self, digest: Digest) -> Stamped:
        try:
            return self._timestamps.timestamp(digest)
        except TokenTimeout as error:  # what may still come is a timestamp, and no Signature to be kept back
            raise Unavailable("TIMESTAMP_UNAVAILABLE", tried=error) from error

    def room_for(self, means: SealingMeans, level: Level) -> int:
        """How many bytes a document must leave for the CMS."""
        own = sum(map(len, means.chain)) + _BEYOND_CERTIFICATES
        return own + (self._timestamps.token_size if level is Level.B_T else 0)


@lru_cache(maxsize=4096)
def _template(means: SealingMeans) -> SignerTemplate:
    """The parts of a CMS that are the same for every impression of one certificate, encoded once."""
    return SignerTemplate.for_certificate(means.chain[0], chain=means.chain[1:], algorithm=means.key.algorithm)
