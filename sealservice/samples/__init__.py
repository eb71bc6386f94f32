"""The document that the demonstration seals: an approval of a place that does not exist, written by LibreOffice.

>>> from importlib.resources import files
>>> files("sealservice.samples").joinpath("approval-letter.pdf").read_bytes()[:5]
b'%PDF-'
"""
