"""`python -m keystore.trial`: the child process in which a module that is new here is opened for the first time.

Settings come in as JSON; nothing goes out but the exit status and, when it is refused, one line that says why.
"""

from __future__ import annotations

import json
import sys

from keystore.errors import KeyStoreError
from keystore.opening import open_vetted
from keystore.settings import TokenSettings


def main() -> int:
    """The whole opening, self-test and all."""
    try:
        open_vetted(TokenSettings.from_json(json.load(sys.stdin))).close()
    except KeyStoreError as problem:
        answer = {"error": type(problem).__name__, "code": problem.code, "details": problem.details}
        json.dump(answer, sys.stdout, default=str)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
