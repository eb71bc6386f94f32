"""The record of everything that was done: lines that are only ever added, each with its RFC 9162 leaf hash."""
