"""Processes of their own, for stories in which a process dies or several press at once.

They are forked from one that has read the whole house and opened nothing, so that each costs a fork and not a start.
What a story says in one of them and what it hears goes through `Line`; nobody waits for a time, only for a word.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "tests.impressions.stories"])
_PATIENCE = 120.0  # until a story counts as hanging; a story that goes on is never that slow


class Silence(AssertionError):
    """The other process ended, or hangs, without the word that was waited for."""


class Line:
    """One end of a conversation between two processes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, word: object) -> None:
        self._connection.send(word)

    def hear(self) -> Any:
        """The next word. Raises Silence."""
        try:
            if self._connection.poll(_PATIENCE):
                return self._connection.recv()
        except EOFError:
            raise Silence("the other process ended") from None
        raise Silence("the other process hangs")


class Other:
    """A process that tells a story: `hear` what it says, `say` what it waits for, and see how it ended."""

    def __init__(self, story: Callable[..., None], arguments: tuple[object, ...]) -> None:
        ours, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_tell, args=(story, theirs, arguments))
        self._process.start()
        theirs.close()
        line = Line(ours)
        self.say, self.hear = line.say, line.hear
        self._connection = ours

    def ended(self) -> int:
        """Its exit status, negative for a signal, once it has ended."""
        self._process.join(_PATIENCE)
        status = self._process.exitcode
        if status is None:
            raise Silence("the other process hangs")
        return status

    def kill(self) -> None:
        self._process.kill()
        self.ended()

    def close(self) -> None:
        self._connection.close()
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_PATIENCE)
        self._process.close()


def _tell(story: Callable[..., None], connection: Connection, arguments: tuple[object, ...]) -> None:
    story(Line(connection), *arguments)


@contextmanager
def elsewhere(story: Callable[..., None], *arguments: object) -> Iterator[Other]:
    """`story(line, *arguments)` in a process of its own, at work already; gone at the end of the block."""
    other = Other(story, arguments)
    try:
        yield other
    finally:
        other.close()


def told(story: Callable[..., None], *arguments: object) -> Any:
    """The one thing that `story` says. Raises Silence when it ends otherwise than well."""
    with elsewhere(story, *arguments) as other:
        word = other.hear()
        if other.ended() != 0:
            raise Silence("the other process failed after it spoke")
        return word
