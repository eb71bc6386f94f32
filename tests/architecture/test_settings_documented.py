"""Whoever reads docs/runbooks/settings.md finds every setting there, with the default it really has, and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sealservice.founding import found
from sealservice.settings import FILE, Settings, load

PAGE = Path(__file__).parents[2] / "docs" / "runbooks" / "settings.md"
ROW = re.compile(r"^\| `(?P<name>[a-z0-9_.]+)` \| (?P<default>[^|]+) \|", re.MULTILINE)


def documented() -> dict[str, str]:
    """What the page says: the default of each setting, as it is written there."""
    return {row["name"]: row["default"].strip() for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def declared(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What the code says: every setting by its dotted name, with its default. The data folder itself is no setting."""
    for name, field in model.model_fields.items():
        if field.is_required():
            assert (prefix, name) == ("", "home"), f"{prefix}{name} has no default"
        elif isinstance(field.default, BaseModel):
            yield from declared(type(field.default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.default


def as_written(default: Any) -> str:
    """A default as the page writes it: as in TOML, – for none."""
    if default is None:
        return "–"
    plain = str(default) if isinstance(default, Path) else default
    return f"`{json.dumps(plain)}`"


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented() == {name: as_written(default) for name, default in declared(Settings)}


def test_what_the_page_says_can_be_set(tmp_path: Path) -> None:
    """Its defaults, written out into a file, are taken, and change nothing."""
    tables: dict[str, list[str]] = {"": []}
    for name, default in documented().items():
        table, _, key = name.rpartition(".")
        if default != "–":
            tables.setdefault(table, []).append(f"{key} = {default.strip('`')}")
    lines = [line for table, keys in tables.items() for line in ([f"[{table}]"] if table else []) + keys]
    (tmp_path / FILE).write_text("\n".join(lines), encoding="utf-8")
    assert load(tmp_path) == Settings(home=tmp_path)


def test_a_new_house_points_to_the_page(tmp_path: Path) -> None:
    next(step for step in found(tmp_path / "house", production=True) if step.code == "FOUNDED_SETTINGS")
    assert str(PAGE.relative_to(PAGE.parents[2])) in (tmp_path / "house" / FILE).read_text(encoding="utf-8")
