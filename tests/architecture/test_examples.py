"""The example that each wing opens with is true: it is run, in a house with a seal in it, and it says what it says."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import ROOT, modules
from tests.support.houses import SAMPLES, furnish, made_house

_PACKAGES = [
    module.path.parent.relative_to(ROOT) for module in modules("sealservice") if module.path.stem == "__init__"
]
WINGS = [".".join(path.parts) for path in _PACKAGES if len(path.parts) <= 2]  # what lies deeper is a room of its wing


@pytest.fixture(scope="module")
def at_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples speak of."""
    with made_house(tmp_path_factory.mktemp("examples") / "var") as house:
        yield {"house": house, "seal": furnish(house), "letter": Path(SAMPLES / "approval-letter-1-page.pdf")}


@pytest.mark.parametrize("wing", WINGS)
def test_the_example_of_a_wing_is_true(wing: str, at_hand: dict[str, Any]) -> None:
    package = importlib.import_module(wing)
    (example,) = doctest.DocTestFinder(recurse=False).find(package, wing, globs=dict(at_hand))
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=told.append)
    assert result.attempted > 0, f"{wing} opens without an example"
    assert result.failed == 0, "".join(told)
