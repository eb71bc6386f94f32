"""Proof of time: our own RFC 3161 authority, and the way to those of others."""
