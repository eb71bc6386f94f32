"""What pressing costs here, beside stock pyHanko on the same token, measured in one run.

    scripts/bench press [--count N] [--document FILE] [--json]

CPU is that of this process and of its workers together, per document, in milliseconds. "pressing" makes the sealed
file: document prepared, signature made and verified, CMS in its place. "recorded cycle" is the whole of it, with both
transactions, the timestamp, the check and the stored file. The rival does only the first of these, without a timestamp.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sealservice.assembly import House, open_house
from sealservice.demo import Demonstration
from sealservice.founding import found
from sealservice.impressions.check import write_signature
from sealservice.impressions.intention import Intent
from sealservice.impressions.model import Impression
from sealservice.impressions.request import Level, PressRequest
from sealservice.kernel.identifiers import new_identifier
from sealservice.seals.model import Seal
from sealservice.workers.order import At

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "tests/samples/approval-reply-3-page.pdf"
PICTURE = ROOT / "tests/samples/seal-official-round.png"
ROUNDS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "var"
        for _ in found(home, production=False):
            pass
        with open_house(home) as house:
            seal = furnish(house)
            figures = best(lambda: round_of(house, seal, options.document, options.count), ROUNDS)
    report(figures, as_json=options.json)
    return 0


def furnish(house: House) -> Seal:
    shown = Demonstration(house)
    shown.establish_authority()
    shown.register_parties()
    return shown.make_seal()


def best(measure: Callable[[], dict[str, float]], rounds: int) -> dict[str, float]:
    """The lowest figure of each kind: what another program on the machine took is nobody's cost here."""
    measured = [measure() for _ in range(rounds)]
    return {name: min(figures[name] for figures in measured) for name in measured[0]}


def round_of(house: House, seal: Seal, document: Path, count: int) -> dict[str, float]:
    """One round: ours and the rival's, one after the other."""
    return {
        **ours(house, seal, document, count),
        "stock pyHanko": rival(house, document, count),
        "stock pyHanko, tuned": rival(house, document, count, "--tuned"),
    }


def ours(house: House, seal: Seal, document: Path, count: int) -> dict[str, float]:
    request = PressRequest(
        document=document,
        seal_code=seal.code,
        keeper=house.settings.acting_as or "",
        placement=At(page=1, x_mm=150, y_mm=240),
        reason="行政许可决定",
    )
    house.pressing.press(request)
    return {
        "pressing": cpu_of(lambda: press_only(house, seal, replace(request, level=Level.B_B)), count),
        "pressing with our timestamp": cpu_of(lambda: press_only(house, seal, request), count),
        "recorded cycle": cpu_of(lambda: house.pressing.press(request), count),
    }


def press_only(house: House, seal: Seal, request: PressRequest) -> None:
    """The same steps as the cycle takes, through the same parts, without the register."""
    name = new_identifier()
    draft = house.store.incoming(f"{house.instance.name}.{name}")
    prepared = house.pressing._read(request, name, draft)
    impression = Impression(impression_id=name)
    intent = Intent(impression, prepared.preparation.digest, prepared.means, request.level)
    write_signature(draft, prepared.preparation, house.pressing.signer.sign(intent).cms)
    draft.unlink()


def cpu_of(act: Callable[[], object], count: int) -> float:
    """Milliseconds of CPU for one `act`, workers included."""
    act()
    before = time.process_time() + cpu_of_children()
    for _ in range(count):
        act()
    return (time.process_time() + cpu_of_children() - before) / count * 1000


def cpu_of_children() -> float:
    """Seconds of CPU that the living children of this process have used (proc(5): fields 14 and 15 of stat)."""
    total = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def rival(house: House, document: Path, count: int, *options: str) -> float:
    """The rival on the same token, in a process of its own as its author runs it."""
    settings = house.keys.settings
    arguments = {
        "--module": settings.module,
        "--token": settings.token_label,
        "--pin-file": house.settings.inside(house.settings.token.pin_file),
        "--image": PICTURE,
        "--count": count,
    }
    command = [sys.executable, str(ROOT / "bench/stock_press.py")]
    command += [str(part) for pair in arguments.items() for part in pair]
    done = subprocess.run([*command, *options, str(document)], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["cpu_ms"])


def report(figures: dict[str, float], *, as_json: bool) -> None:
    stock = figures["stock pyHanko"]
    ratios = {name: figures[name] / stock for name in figures}
    if as_json:
        print(json.dumps({"cpu_ms": figures, "ratio_to_stock": ratios}))
        return
    for name, value in figures.items():
        print(f"{name:<30} {value:8.2f} ms CPU   {ratios[name]:6.3f} of stock")


if __name__ == "__main__":
    sys.exit(main())
