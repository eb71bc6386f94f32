"""Every way in which the verifier refuses, and every sentence comes from `sealverify/wording`.

    SealVerifyError              has a stable `code` and a sentence in both languages
    ├── Malformed                input that is not what it says it is; nothing was judged
    │   ├── MalformedDer         no ASN.1
    │   ├── MalformedCms         ASN.1, but no CMS SignedData with exactly one signer
    │   ├── MalformedTimestamp   no timestamp request, answer or token
    │   ├── MalformedSealData    a /SEAL_Impression that nobody can follow
    │   ├── MalformedDocument    no PDF that can be read
    │   └── MalformedTrust       no PEM with certificates in it
    ├── TimestampRefused         a timestamp authority said no, and why
    ├── SignatureWrong           the mathematics, or what is bound by it, does not add up
    ├── AlgorithmUnknown         an algorithm that is not in our table
    └── VerificationFailed       `verify_…` found no PASSED; it stands in `sealverify.report`, which it carries

A bad signature is no error for `examine_…`: it is a verdict, in the report.
"""

from __future__ import annotations

from sealverify.messages import Text, catalogue


class SealVerifyError(Exception):
    """`code` is stable and for machines; `text` is for people, in both languages."""

    def __init__(self, code: str, /, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def text(self) -> Text:
        return catalogue("sealverify.wording").text(self.code, **self.details)

    def __str__(self) -> str:
        return f"{self.code}: {self.text.en}"


class Malformed(SealVerifyError):
    """The input is not what it says it is."""


class MalformedDer(Malformed):
    """No ASN.1 in BER or DER."""


class MalformedCms(Malformed):
    """No CMS SignedData with exactly one signer."""


class MalformedTimestamp(Malformed):
    """No timestamp request, answer or token."""


class MalformedSealData(Malformed):
    """A /SEAL_Impression that nobody can follow."""


class MalformedDocument(Malformed):
    """No PDF that can be read."""


class MalformedTrust(Malformed):
    """No PEM with certificates in it."""


class TimestampRefused(SealVerifyError):
    """A timestamp authority said no: `details["status"]`, `details["failure"]` (RFC 3161 §2.4.2), `details["text"]`."""


class SignatureWrong(SealVerifyError):
    """The signature, or something that it binds, does not add up."""


class AlgorithmUnknown(SealVerifyError):
    """An algorithm that is not in our table, so nothing can be said about it."""
