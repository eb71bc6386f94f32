"""The seal lies on the paper like ink: what was written stays to be read through it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageChops

from sealservice.workers import At, Keyword, Placement, WorkerPool
from sealservice.workers.order import EveryPage
from tests.support.judges import render
from tests.support.pressing import SAMPLES, make_order, press

BLACK = 60


@pytest.mark.parametrize(
    ("name", "placement"),
    [
        ("approval-letter-1-page.pdf", Keyword(text="盖章")),
        ("approval-letter-1-page.pdf", EveryPage(x_mm=105, y_mm=150)),
        ("approval-reply-3-page-pdfa-2b.pdf", At(page=1, x_mm=105, y_mm=150)),
    ],
)
def test_black_letters_stay_black_beneath_the_red(
    name: str, placement: Placement, pool: WorkerPool, picture: Path, tmp_path: Path
) -> None:
    sealed = tmp_path / name
    press(pool, SAMPLES / name, sealed, make_order(placement, picture))

    # looked at through red glass, where the seal is as bright as the paper and only letters are dark
    before, after = render(SAMPLES / name, 1).getchannel("R"), render(sealed, 1).getchannel("R")

    written = before.point(lambda shade: 255 if shade < BLACK else 0)
    lost = ImageChops.multiply(written, after.point(lambda shade: 255 if shade > 2 * BLACK else 0))
    assert ImageChops.difference(before, after).getbbox() is not None, "the seal is there"
    assert lost.getbbox() is None, "a letter is covered by the seal"
