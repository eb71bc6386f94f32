"""What every wing stands on: errors, clock, identifiers, database, lifecycle.

    >>> from sealservice.kernel.errors import Unavailable
    >>> from sealservice.kernel.identifiers import checked_credit_code
    >>> checked_credit_code("9135 0100 M000 100Y 43")
    '91350100M000100Y43'
    >>> Unavailable("WORKERS_BUSY", seconds=5).text.zh
    '所有文档处理进程在 5 秒内均忙。请稍后重试。'

Refuses to know seals and documents.
"""
