"""How a thing goes from state to state: two tables beside each model, one way to apply them.

A wing declares its legal moves and what each state may do; `Lifecycle.move` checks, changes the state and returns the
`Event` that audit writes. Nothing here is stored, and no state is ever guessed from the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from sealservice.kernel.errors import InvalidInput, WrongState

State = TypeVar("State", bound=StrEnum)


class Stateful(Protocol[State]):
    state: State

    @property
    def subject(self) -> str:
        """How audit names the thing: its kind and its identifier, as in "seal:99012600012345"."""
        ...


@dataclass(frozen=True)
class Standing(Generic[State]):
    """The state of a thing that was read without the thing: enough to ask what it allows, too little to move it."""

    state: State
    subject: str


@dataclass(frozen=True)
class Event:
    """Something that happened: who, when, what, to what, why, and the facts that prove it."""

    act: str
    subject: str
    actor: str
    at: datetime
    cause: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Move(Generic[State]):
    """One legal move: from any of `sources` to `target`; `needs_cause` where the law wants a reason."""

    sources: frozenset[State]
    target: State
    needs_cause: bool = False


class Lifecycle(Generic[State]):
    """The two tables of one kind of thing: its moves by verb, and the verbs that each state allows besides."""

    def __init__(self, kind: str, moves: Mapping[str, Move[State]], may: Mapping[State, frozenset[str]]) -> None:
        self.kind, self.moves, self.may = kind, moves, may

    def move(
        self, thing: Stateful[State], verb: str, *, actor: str, at: datetime, cause: str | None = None, **facts: Any
    ) -> Event:
        """Applies the move `verb` and returns its event.

        Raises WrongState("MOVE_NOT_ALLOWED") from a state that does not allow it, and InvalidInput("CAUSE_MISSING")."""
        move = self.require_move(thing, verb)
        if move.needs_cause and not (cause or "").strip():
            raise InvalidInput("CAUSE_MISSING", verb=verb, subject=thing.subject)
        before, thing.state = thing.state, move.target
        changed = {"from": str(before), "to": str(move.target), **facts}
        return Event(f"{self.kind}.{verb}", thing.subject, actor, at, cause, changed)

    def require_move(self, thing: Stateful[State], verb: str) -> Move[State]:
        """The move `verb`, when the thing's state allows it. Raises WrongState("MOVE_NOT_ALLOWED")."""
        move = self.moves[verb]
        if thing.state not in move.sources:
            raise WrongState("MOVE_NOT_ALLOWED", verb=verb, subject=thing.subject, state=thing.state)
        return move

    def require(self, thing: Stateful[State] | Standing[State], verb: str) -> None:
        """Raises WrongState(`<KIND>_<STATE>`), as in SEAL_SUSPENDED, unless the thing's state allows `verb`."""
        if verb not in self.may.get(thing.state, frozenset()):
            raise WrongState(f"{self.kind}_{thing.state}".upper(), subject=thing.subject, verb=verb)
