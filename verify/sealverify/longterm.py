"""What a document carries for the time after us: the document security store (ISO 32000-2 §12.8.4.3).

Reads certificates and revocation lists out of /DSS, bounded in number and size. Whether they are to be believed is
decided by whoever uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pikepdf

from sealverify.document import Revision
from sealverify.errors import MalformedDocument
from sealverify.tree import stream_bytes

_MAX_ITEMS = 60
_MAX_BYTES = 8 * 1024 * 1024


@dataclass
class Store:
    """The /DSS of one revision; empty when there is none."""

    revision: Revision

    @cached_property
    def certificates(self) -> list[bytes]:
        return self._streams("/Certs")

    @cached_property
    def lists(self) -> list[bytes]:
        return self._streams("/CRLs")

    @cached_property
    def has_revocation_data(self) -> bool:
        return bool(self.lists or self._streams("/OCSPs"))

    def _streams(self, key: str) -> list[bytes]:
        store = self.revision.root.get("/DSS")
        listed = store.get(key) if isinstance(store, pikepdf.Dictionary) else None
        found = []
        for item in list(listed)[:_MAX_ITEMS] if isinstance(listed, pikepdf.Array) else ():
            try:
                found.extend([stream_bytes(item, _MAX_BYTES)] if isinstance(item, pikepdf.Stream) else [])
            except (MalformedDocument, pikepdf.PdfError):
                continue
        return found
