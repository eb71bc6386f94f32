"""One department for all samples: each is pressed once, and every judge looks at the same file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from sealservice.seals.model import Seal
from sealservice.workers.order import At, Keyword, Placement
from sealverify.trust import Trust
from tests.support.departments import Department, made_department
from tests.support.houses import SAMPLES

_MM = 25.4 / 72


def words_of(document: Path) -> str:
    """The text of a document, as poppler reads it."""
    done = subprocess.run(["pdftotext", document, "-"], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def fitting_place(document: Path) -> Placement:
    """On the words that ask for a seal, where there are any; else near the lower right of the first page."""
    for keyword in ("盖章", "(seal)"):
        if keyword in words_of(document):
            return Keyword(text=keyword)
    opened = pypdfium2.PdfDocument(document)
    width, height = opened[0].get_size()
    opened.close()
    return At(page=1, x_mm=width * _MM - 45, y_mm=height * _MM - 45)


@dataclass
class Desk:
    """Where samples are pressed with a department's seal. `root` is the authority's root in PEM."""

    department: Department
    seal: Seal
    folder: Path
    root: Path
    trust: Trust
    _pressed: dict[str, Path] = field(default_factory=dict)

    def pressed(self, name: str) -> Path:
        """The sample `name`, sealed at a fitting place; pressed when it is first asked for."""
        if name not in self._pressed:
            document = SAMPLES / name
            self._pressed[name] = self.press(document, placement=fitting_place(document))
        return self._pressed[name]

    def press(self, document: Path, *, seal: Seal | None = None, **request: Any) -> Path:
        """The sealed file, under a name of its own."""
        return self.department.sealed(self.department.press(seal or self.seal, document, **request))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with made_department(folder, "sqlite") as department:
        trust = Trust.from_file(department.house.trust.publish())
        root = folder / "root.pem"
        root.write_bytes(department.house.trust.path.read_bytes().split(b"-----BEGIN X509 CRL", 1)[0])
        yield Desk(department, department.made(), folder, root, trust)
