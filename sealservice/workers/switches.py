"""The switches by their names: what a worker refuses in a document unless the caller says that it may be there.

Only the words, for those who ask; what each of them lets through is `sealservice.workers.pdf.refusals`.
"""

from __future__ import annotations

from enum import StrEnum


class Switch(StrEnum):
    ENCRYPTION = "encryption"
    JAVASCRIPT = "javascript"
    LAUNCH = "launch"
    XFA = "xfa"
    ATTACHMENTS = "attachments"
    EXTERNAL = "external"
    REMOTE = "remote"
    SUBMIT = "submit"
    MEDIA = "media"
