"""One database, one data folder: a second one would take the work at hand of the first for left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sealservice.kernel.database import Database
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.home import FILE, require_own_home


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    made = Database(address)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made_folder(tmp_path / "var")


def made_folder(path: Path) -> Path:
    path.mkdir()
    return path


def refused(database: Database, folder: Path) -> Misconfigured:
    with pytest.raises(Misconfigured) as told:
        require_own_home(database, folder)
    assert told.value.code == "DATABASE_OF_ANOTHER_HOME"
    return told.value


def owner(database: Database) -> str:
    with database.read() as session:
        return str(session.execute(text("SELECT home_id FROM home")).scalar_one())


def test_a_house_comes_back_to_its_own_database(database: Database, folder: Path) -> None:
    for _ in range(3):
        require_own_home(database, folder)
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_a_second_folder_is_not_let_in_and_told_what_to_do(database: Database, folder: Path, tmp_path: Path) -> None:
    require_own_home(database, folder)
    second = made_folder(tmp_path / "second")

    told = refused(database, second)

    assert str(second) in told.text.en
    assert owner(database) in told.text.zh
    assert "shared file system" in told.text.en
    assert list(second.iterdir()) == []
    require_own_home(database, folder)


def test_a_folder_of_another_database_is_not_let_in_either(database: Database, folder: Path, tmp_path: Path) -> None:
    require_own_home(database, folder)
    second = made_folder(tmp_path / "second")
    (second / FILE).write_text("0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d\n")
    refused(database, second)


def test_a_restored_folder_brings_its_identity_along(database: Database, folder: Path, tmp_path: Path) -> None:
    require_own_home(database, folder)
    require_own_home(database, Path(shutil.copytree(folder, tmp_path / "restored")))


def test_a_folder_that_lost_its_identity_gets_it_back_by_hand(database: Database, folder: Path) -> None:
    """As the runbook says it: what the database says, into the file."""
    require_own_home(database, folder)
    (folder / FILE).unlink()
    refused(database, folder)
    assert not (folder / FILE).exists()

    (folder / FILE).write_text(f"{owner(database)}\n")
    require_own_home(database, folder)


def test_an_identity_that_is_no_text_is_a_foreign_one(database: Database, folder: Path) -> None:
    require_own_home(database, folder)
    (folder / FILE).write_bytes(b"\xff\xfe")
    refused(database, folder)


def test_a_folder_takes_its_identity_to_a_new_database(database: Database, folder: Path) -> None:
    (folder / FILE).write_text("0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d\n")
    require_own_home(database, folder)
    assert owner(database) == "0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d"


def test_of_two_folders_that_come_at_once_one_gets_the_database(database: Database, tmp_path: Path) -> None:
    folders = [made_folder(tmp_path / name) for name in "abcd"]

    def is_let_in(folder: Path) -> bool:
        try:
            require_own_home(database, folder)
        except Misconfigured:
            return False
        return True

    with ThreadPoolExecutor(4) as comers:
        assert sorted(comers.map(is_let_in, folders)) == [False, False, False, True]


def test_several_processes_of_one_folder_may_come_at_once(database: Database, folder: Path) -> None:
    with ThreadPoolExecutor(4) as comers:
        list(comers.map(lambda _: require_own_home(database, folder), range(4)))
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_a_database_belongs_to_one_at_most(database: Database, folder: Path) -> None:
    require_own_home(database, folder)
    for number in (1, 2):
        with pytest.raises(IntegrityError), database.begin() as session:
            session.execute(text(f"INSERT INTO home (one, home_id) VALUES ({number}, 'another')"))
