"""The command line: every act of the house, without a server.

    >>> from sealservice.cli.app import run
    >>> run(["seals", "list", "--home", "/nonexistent", "--json"])  # the exit code; the answer is printed
    {"error": {"code": "NOT_INITIALISED", "en": "/nonexistent is no data folder of sealservice. ...
    78

It parses, asks and shows; no rule lives here.
"""
