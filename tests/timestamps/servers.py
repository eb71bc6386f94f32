"""Timestamp authorities over real HTTP on the loopback, well-behaved and otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sealservice.timestamps.authority import TimestampAuthority

Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Served:
    """A server at `address`, and the requests that reached it."""

    address: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serving(reply: Reply) -> Iterator[Served]:
    """A server that answers each POST with `reply(handler, body)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.requests.append(body)
            try:
                reply(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Served(f"http://127.0.0.1:{server.server_port}/tsa")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/timestamp-reply")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def honest(authority: TimestampAuthority) -> Reply:
    """Answers as our own authority would, were it somebody else's."""
    return lambda handler, body: send(handler, authority.answer(body))
