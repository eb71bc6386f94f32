"""How the service and a worker talk: one JSON message each way over a socket pair, open files passed along.

A message is four bytes of length, most significant first, then UTF-8 JSON. Open files travel with the first byte
(SCM_RIGHTS, unix(7)), so a worker never opens a path: it sees just the files of its job.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

_HEADER = struct.Struct(">I")
MAX_MESSAGE = 16 << 20
MAX_FILES = 8


class Hangup(Exception):
    """The other side is gone, or said something that is no message."""


def send(channel: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Raises OSError when the other side is gone."""
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    data = _HEADER.pack(len(payload)) + payload
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    sent = channel.sendmsg([data], rights)
    channel.sendall(data[sent:])


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and the files that came with it, which are the caller's to close.

    Raises Hangup at the end of the conversation, TimeoutError when the channel has a time limit and it passes."""
    rights_size = socket.CMSG_SPACE(MAX_FILES * array.array("i").itemsize)
    first, ancillary, flags, _ = channel.recvmsg(_HEADER.size, rights_size, socket.MSG_CMSG_CLOEXEC)
    files = [file for kind in ancillary for file in _rights(*kind)]
    try:
        if not first or flags & socket.MSG_CTRUNC:
            raise Hangup
        header = first + _exactly(channel, _HEADER.size - len(first))
        (length,) = _HEADER.unpack(header)
        if length > MAX_MESSAGE:
            raise Hangup
        return _parse(_exactly(channel, length)), files
    except BaseException:
        for file in files:
            os.close(file)
        raise


def _rights(level: int, kind: int, data: bytes) -> array.array[int]:
    files = array.array("i")
    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
        files.frombytes(data[: len(data) - len(data) % files.itemsize])
    return files


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            raise Hangup
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _parse(payload: bytes) -> dict[str, Any]:
    try:
        message = json.loads(payload)
    except ValueError as problem:
        raise Hangup from problem
    if not isinstance(message, dict):
        raise Hangup
    return message
