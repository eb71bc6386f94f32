"""Proof of time: our own RFC 3161 authority, and the way to those of others.

    >>> from sealverify.digest import Digest
    >>> from sealverify.timestamp import read_token
    >>> stamped = house.timestamps.timestamp(Digest.of(b"a signature"))
    >>> stamped.source, read_token(stamped.token).digest == Digest.of(b"a signature")
    ('own', True)

Refuses to know documents and impressions. Whether a time is believed is for the verifier to say.
"""
