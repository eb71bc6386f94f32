"""The content store: bytes by their digest, on disk before anything says that they are there.

    >>> digest = house.store.put(b"%PDF-1.7 ...", name="a-letter")
    >>> str(digest)
    'sha256:cd98c5bc...'
    >>> house.store.get(digest).read_bytes()
    b'%PDF-1.7 ...'

Refuses to know what a content means, and whether it was released: the database alone says that.
"""
