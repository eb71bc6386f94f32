"""What a worker knows of PDF (ISO 32000-2): read warily, refuse by name, add one revision and change nothing else.

Runs inside a worker only. Structure is read through qpdf (pikepdf); what is added is written by ourselves, so that the
bytes of the document stay a prefix of the sealed file. Refuses to know keys, certificates and who may press.
"""
