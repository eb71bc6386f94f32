"""The kinds of seals, by the names that people know them by. What each looks like stands in `artwork.styles`.

国办发〔2025〕33号, article 3 names the classes: seals of the legal name, of a branch, for one business, of a person.
"""

from __future__ import annotations

from sealservice.seals.artwork.styles import Kind as SealKind
from sealverify.messages import Text

__all__ = ["KIND_NAMES", "SealKind"]

KIND_NAMES = {
    SealKind.OFFICIAL: Text(en="official seal", zh="法定名称章"),
    SealKind.APPROVAL: Text(en="approval seal", zh="行政审批专用章"),
    SealKind.LICENCE: Text(en="licence seal", zh="电子证照专用章"),
    SealKind.CONTRACT: Text(en="contract seal", zh="合同专用章"),
    SealKind.FINANCE: Text(en="finance seal", zh="财务专用章"),
    SealKind.INVOICE: Text(en="invoice seal", zh="发票专用章"),
    SealKind.PERSONAL: Text(en="personal seal", zh="个人名章"),
}
