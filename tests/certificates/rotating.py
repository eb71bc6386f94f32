"""What processes of their own do in the stories about rotation. Each opens the house anew, as a command would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from keystore.errors import KeyStoreError
from keystore.keys import Protection
from keystore.store import TokenKeyStore
from sealservice.assembly import House, open_house
from sealservice.certificates.keyring import Keyring, KeyWanted
from sealservice.certificates.keys import Keys
from sealservice.certificates.model import Purpose
from sealservice.kernel.errors import SealServiceError
from sealservice.seals.queries import list_seals
from tests.impressions.processes import Line
from tests.support.departments import CHIEF, CLERK, MAKER, Department
from tests.support.houses import KEEPER


def office(line: Line, folder: str) -> None:
    """Stays open and presses the seal each time it is told to; says what became of it."""
    with open_house(Path(folder)) as house:
        department = Department(house)
        while True:
            line.say(_pressed(department))
            if line.hear() == "close":
                return


def _pressed(department: Department) -> str:
    with department.house.database.read() as session:
        (seal,) = list_seals(session)
    try:
        return str(department.press(seal).state)
    except (SealServiceError, KeyStoreError) as error:
        return error.code


def rotation(line: Line, folder: str) -> None:
    with open_house(Path(folder)) as house:
        done = _keys(house).rotate(actor=KEEPER, retire_old=True)
        line.say([done.moved, done.retired])


def renewal(line: Line, folder: str) -> None:
    with open_house(Path(folder)) as house, house.database.read() as session:
        (seal,) = list_seals(session)
    with open_house(Path(folder)) as house:
        house.seals.request_renewal(seal.code, actor=CLERK)
        house.seals.approve_renewal(seal.code, actor=CHIEF)
        line.say(str(house.seals.renew(seal.code, actor=MAKER).state))


class Overtaken:
    """The key store; `act` is done by somebody else right after the first key was generated."""

    def __init__(self, store: TokenKeyStore, act: Callable[[], object]) -> None:
        self._store, self._acts = store, [act]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def generate(self, **wanted: Any) -> Any:
        ref = self._store.generate(**wanted)
        while self._acts:
            self._acts.pop()()
        return ref


def birth_overtaken_by_rotation(line: Line, folder: str) -> None:
    """A key is generated; before it is written down, the wrapping key that it lies under is destroyed."""
    with open_house(Path(folder)) as house:
        keys = Overtaken(house.keys, lambda: _keys(house).rotate(actor=KEEPER, retire_old=True))
        key = Keyring(house.database, house.clock, keys).make(_wanted(house), actor=KEEPER)  # type: ignore[arg-type]
        house.keys.signing_key(key.ref).sign(b"a message")
        line.say([len(_labelled(house)), house.keys.holds(key.ref)])


def rotation_overtaken_by_birth(line: Line, folder: str) -> None:
    """A key that was generated before a rotation began is written down after the others have moved."""
    with open_house(Path(folder)) as house:
        keyring = Keyring(house.database, house.clock, house.keys)
        wanted = _wanted(house)
        ref = house.keys.generate(algorithm=wanted.algorithm, label=wanted.label, protection=wanted.protection)

        class Late(Keys):
            late = 1

            def _move_all(self) -> int:
                moved = super()._move_all()
                if self.late:
                    self.late = 0
                    keyring._keep(ref, wanted, KEEPER, None)
                return moved

        done = Late(house.database, house.clock, house.keys).rotate(actor=KEEPER, retire_old=True)
        (key,) = _labelled(house)
        house.keys.signing_key(key.ref).sign(b"a message")
        line.say([done.retired, key.wrapping_key_id == done.wrapping_key])


def rotation_overtaken_by_rotation(line: Line, folder: str) -> None:
    """Two rotate at once: the other one does all of it after the first has made its wrapping key."""
    with open_house(Path(folder)) as house:

        class Slow(Keys):
            def _move_all(self) -> int:
                _keys(house).rotate(actor=KEEPER, retire_old=True)
                return super()._move_all()

        Slow(house.database, house.clock, house.keys).rotate(actor=KEEPER, retire_old=True)
        line.say(_pressed(Department(house)))


def _keys(house: House) -> Keys:
    return Keys(house.database, house.clock, house.keys)


def _wanted(house: House) -> KeyWanted:
    return KeyWanted(purpose=Purpose.SEAL, label="under way", algorithm=house.algorithm, protection=Protection.WRAPPED)


def _labelled(house: House) -> list[Any]:
    return [key for key in _keys(house).stored() if key.label == "under way"]
