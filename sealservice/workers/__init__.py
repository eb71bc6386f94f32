"""The limited children that touch PDFs, and the pool that gives them work.

>>> from sealservice.workers import WorkerPool
>>> with WorkerPool(1) as pool:  # a child without network, token, database, or files but the ones handed to it
...     walls = pool.sandbox()
>>> sorted(walls)
['landlock', 'seccomp']

`WorkerPool.prepare` makes one document ready for its signature as a `PreparationOrder` says.
"""

from sealservice.workers.limits import Limits
from sealservice.workers.order import (
    At,
    Automatic,
    Certification,
    Edge,
    EveryPage,
    Field,
    Hits,
    Invisible,
    Keyword,
    NextField,
    Place,
    Placement,
    Preparation,
    PreparationOrder,
    Riding,
)
from sealservice.workers.pool import WorkerPool

__all__ = [
    "At",
    "Automatic",
    "Certification",
    "Edge",
    "EveryPage",
    "Field",
    "Hits",
    "Invisible",
    "Keyword",
    "Limits",
    "NextField",
    "Place",
    "Placement",
    "Preparation",
    "PreparationOrder",
    "Riding",
    "WorkerPool",
]
