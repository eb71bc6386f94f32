"""Asking the full verifier, inside a worker: a sealed file is a file from outside once it is made.

Answers with the verifier's report as plain data (docs/formats/report.md). What it trusts comes with the request.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sealservice.workers.limits import Limits
from sealverify.errors import MalformedDocument
from sealverify.examination import examine_document
from sealverify.policy import Policy
from sealverify.report import Report
from sealverify.trust import Trust


def examine(request: dict[str, Any], files: Sequence[int], _limits: Limits) -> dict[str, Any]:
    """The report about the open file; `trust` is PEM, and may be empty."""
    (file,) = files
    data = os.pread(file, os.fstat(file).st_size, 0)
    trust = Trust.from_pem(request["trust"].encode()) if request["trust"] else Trust()
    try:
        return {"report": examine_document(data, Policy(trust=trust)).as_json()}
    except MalformedDocument as problem:
        return {"report": Report.unreadable(problem.text).as_json()}
