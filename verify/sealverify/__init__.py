"""Formats and judgement. No database, no HSM, no network, nothing of the service."""
