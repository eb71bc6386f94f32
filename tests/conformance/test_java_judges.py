"""EU DSS and veraPDF judge what we press. Both come from Maven Central when first needed, and stay in build/."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealservice.assembly import House
from sealservice.impressions.request import Order, PressRequest
from sealservice.seals.model import Seal
from sealservice.workers.order import At, EveryPage, Invisible, Placement, Riding
from sealverify.digest import Digest
from tests.support.houses import KEEPER, SAMPLES, furnish, made_house

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parent / "java"
BUILD = Path(__file__).parents[2] / "build" / "java-judges"
ARCHIVE = SAMPLES / "approval-reply-3-page-pdfa-2b.pdf"


@pytest.fixture(scope="module")
def judges() -> list[str]:
    """How Java is called so that it finds the judges and what they stand on."""
    sources = sorted(SOURCES.iterdir())
    state = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    folder = BUILD / state[:16]
    libraries = folder / "libraries"
    if not (folder / "ArchiveJudge.class").exists():
        maven = ["mvn", "-q", "-B", "-f", str(SOURCES / "pom.xml"), "dependency:copy-dependencies"]
        run([*maven, f"-DoutputDirectory={libraries}"])
        run(["javac", "-d", str(folder), "-cp", f"{libraries}/*", *map(str, SOURCES.glob("*.java"))])
    return ["java", "-cp", f"{libraries}/*:{folder}"]


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Seal]]:
    with made_house(tmp_path_factory.mktemp("house") / "var") as house:
        yield house, furnish(house)


def pressed(
    department: tuple[House, Seal], document: Path, placement: Placement, target: Path, order: Order = Order.ANY
) -> Path:
    house, seal = department
    request = PressRequest(
        document=document, seal_code=seal.code, keeper=KEEPER, placement=placement, order=order, reason="许可"
    )
    house.store.copy_out(Digest.parse(house.pressing.press(request).sealed or ""), target)
    return target


def test_eu_dss_calls_every_kind_of_seal_totally_passed(
    judges: list[str], department: tuple[House, Seal], tmp_path: Path
) -> None:
    house, _ = department
    at = At(page=1, x_mm=150, y_mm=240)
    files = [
        pressed(department, SAMPLES / "approval-reply-3-page.pdf", at, tmp_path / "single.pdf"),
        pressed(department, SAMPLES / "approval-reply-3-page.pdf", Riding(), tmp_path / "riding.pdf"),
        pressed(department, SAMPLES / "variant-object-streams-qpdf.pdf", EveryPage(), tmp_path / "every.pdf"),
        pressed(department, SAMPLES / "renewal-decision-pdf-2-0-typst.pdf", Invisible(), tmp_path / "invisible.pdf"),
    ]
    first = pressed(department, files[0], At(page=1, x_mm=60, y_mm=240), tmp_path / "second.pdf")
    files.append(pressed(department, first, At(page=2, x_mm=100, y_mm=240), tmp_path / "third.pdf", Order.FINAL))
    pem = house.trust.publish().read_text()
    anchors, lists = tmp_path / "anchors.pem", tmp_path / "lists.pem"
    cut = pem.index("-----BEGIN X509 CRL")
    anchors.write_text(pem[:cut])
    lists.write_text(pem[cut:])

    told = run([*judges, "SealJudge", str(anchors), str(lists), *map(str, files)]).splitlines()

    verdicts = [line.split()[1:] for line in told]
    assert verdicts == [["TOTAL_PASSED", "null", "PAdES-BASELINE-T"]] * (len(files) - 1 + 3)


@pytest.mark.parametrize(
    "placement",
    [At(page=1, x_mm=150, y_mm=240), Riding(), EveryPage(), Invisible()],
    ids=lambda way: type(way).__name__,
)
def test_a_file_for_the_archive_stays_one_by_the_word_of_verapdf(
    judges: list[str], department: tuple[House, Seal], placement: Placement, tmp_path: Path
) -> None:
    sealed = pressed(department, ARCHIVE, placement, tmp_path / "sealed.pdf")

    _, flavour, compliant, *_ = run([*judges, "ArchiveJudge", str(sealed)]).split()

    assert (flavour, compliant) == ("2b", "true")


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
