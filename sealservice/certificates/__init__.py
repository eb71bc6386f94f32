"""Keys and the certificates that speak for them: the embedded authority, and the way to an outside licensed one.

    >>> house.trust.publish().read_text().count("BEGIN CERTIFICATE")  # the anchor; the lists follow it
    1

Refuses to know seals: a key here is for a purpose, and a certificate names a subject.
"""
