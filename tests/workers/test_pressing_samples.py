"""Every document an office sends is pressed, and strangers' programs agree with what came out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyhanko.sign.validation.status import SignatureCoverageLevel

from sealservice.workers import Automatic, WorkerPool
from sealverify.digest import Digest
from tests.support.judges import pdfsig, pyhanko_verdicts, qpdf_complaints
from tests.support.pressing import SAMPLES, make_order, press

NOT_BY_DEFAULT = {
    "encrypted-aes256-empty-user-password-qpdf.pdf",
    "encrypted-aes256-user-password-secret-qpdf.pdf",
    "signed-certified-form-filling-allowed-pyhanko.pdf",
}
PRESSED = sorted(path.name for path in SAMPLES.glob("*.pdf") if path.name not in NOT_BY_DEFAULT)


@pytest.mark.parametrize("name", PRESSED)
def test_a_sample_is_pressed_where_it_says_and_others_accept_it(
    name: str, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    original, sealed = SAMPLES / name, tmp_path / name
    prepared = press(pool, original, sealed, make_order(Automatic(), picture))

    verdict = pyhanko_verdicts(sealed)[-1]
    assert verdict.intact
    assert verdict.valid
    assert verdict.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert "Signature is Valid." in pdfsig(sealed)
    assert "Total document signed" in pdfsig(sealed)
    assert qpdf_complaints(sealed) == ""
    data = sealed.read_bytes()
    first, before, second, after = prepared.byte_range
    assert Digest.of(data[first:before], data[second : second + after]) == prepared.digest
    assert Digest.of(data[: prepared.prefix_length]) == prepared.prefix_digest
    if not prepared.normalised:
        assert data.startswith(original.read_bytes())
