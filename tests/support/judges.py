"""What others say about a file that we pressed: pyHanko, poppler's pdfsig, qpdf, and our own eyes through pdfium."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

DPI = 150
MM = 25.4 / DPI


def pyhanko_verdicts(path: Path) -> list[PdfSignatureStatus]:
    """One status a signature, oldest first. Nothing is trusted and nothing is fetched: judge the rest."""
    with path.open("rb") as file:
        reader = PdfFileReader(file, strict=False)
        context = ValidationContext(trust_roots=[], allow_fetching=False)
        return [validate_pdf_signature(signature, context) for signature in reader.embedded_signatures]


def pdfsig(path: Path) -> str:
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False)
    return done.stdout


def qpdf_complaints(path: Path) -> str:
    """Empty when `qpdf --check` finds no fault."""
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def render(path: Path, page: int) -> Image.Image:
    """Page `page` (from 1) as a reader shows it, at DPI. pdfium knows no /UserUnit: a unit is 1/72 inch to it."""
    document = pypdfium2.PdfDocument(path)
    try:
        document.init_forms()
        shown = document[page - 1].render(scale=DPI / 72, may_draw_forms=True)
        image: Image.Image = shown.to_pil().convert("RGB")
        return image
    finally:
        document.close()


@dataclass(frozen=True)
class Mark:
    """What a rendering shows that another does not: a box in millimetres from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def size(self) -> tuple[float, float]:
        return self.right - self.left, self.bottom - self.top


def added(before: Path, after: Path, page: int, unit: float = 1.0) -> Mark | None:
    """Where page `page` of `after` looks different from that of `before`."""
    box = (
        ImageChops.difference(render(before, page), render(after, page))
        .point(lambda value: 255 * (value > 40))
        .getbbox()
    )
    if box is None:
        return None
    left, top, right, bottom = (value * MM * unit for value in box)
    return Mark(left, top, right, bottom)


def signature_count(path: Path) -> int:
    return len(re.findall(r"^Signature #\d+", pdfsig(path), re.MULTILINE))
