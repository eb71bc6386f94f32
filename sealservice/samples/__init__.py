"""The document that the demonstration seals: an approval of a place that does not exist, written by LibreOffice."""
