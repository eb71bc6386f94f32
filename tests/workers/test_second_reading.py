"""Our own verifier finds every picture that a worker drew, by recomputing it from the page's content."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealservice.workers import (
    At,
    Automatic,
    Edge,
    EveryPage,
    Field,
    Hits,
    Invisible,
    Keyword,
    Placement,
    Riding,
    WorkerPool,
)
from tests.support.pressing import SAMPLES, make_order, press

REPLY = "approval-reply-3-page.pdf"
MIXED = "variant-mixed-page-sizes-qpdf.pdf"
INHERITED = "variant-inherited-page-attributes-pikepdf.pdf"
TURNED = "variant-page-rotated-90-qpdf.pdf"


@pytest.mark.parametrize(
    ("name", "placement", "pictures"),
    [
        (REPLY, Riding(), 3),
        (REPLY, Riding(edge=Edge.LEFT, cut_ratio=0.4), 3),
        (MIXED, Riding(edge=Edge.TOP), 4),
        (MIXED, Riding(edge=Edge.BOTTOM, pages=(2, 4)), 2),
        (INHERITED, EveryPage(), 3),
        (REPLY, Keyword(text="审批", hits=Hits.EVERY), 2),
        ("long-300-pages.pdf", Riding(group=20), 300),
        (TURNED, Automatic(), 1),
        ("variant-user-unit-2-pikepdf.pdf", At(page=1, x_mm=100, y_mm=100), 1),
        ("form-empty-signature-field-pyhanko.pdf", Field(name="ApprovalSeal"), 1),
        (REPLY, Invisible(), 0),
    ],
)
def test_every_picture_is_found_where_it_is_said_to_be(
    name: str, placement: Placement, pictures: int, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / "sealed.pdf"
    prepared = press(pool, SAMPLES / name, sealed, make_order(placement, picture))
    assert len(prepared.places) == pictures
    (signature,) = judged(sealed)["signatures"]
    assert signature["integrity"] == "INTACT"
    assert signature["changes"] == "NONE"
    assert signature["sub_indication"] == "NO_CERTIFICATE_CHAIN_FOUND"  # nothing but the unknown signer is amiss


def judged(path: Path) -> dict[str, list[dict[str, object]]]:
    done = subprocess.run([sys.executable, "-m", "sealverify", str(path), "--json"], capture_output=True, check=False)
    report: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return report
