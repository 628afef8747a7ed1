"""HTTP on the gateway's socket, with a bound on what a client may send before anything judges it."""

import json

from common.problems import Problem, Text
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.proxy.errors import BadRequest

__all__ = ["MAX_HEAD_BYTES", "BoundedProtocol"]

MAX_HEAD_BYTES = 64 * 1024


class HeadTooLarge(Problem):
    """The request line and the fields of one request, trailers included, are over the bound."""

    type = "/problems/request-head-too-large"
    title = Text("请求行与请求头合计超过 64 kB", "The request line and header fields exceed 64 kB")
    status = 431


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which refuses a head over 64 kB (431) and HTTP/1.1 without one Host (400).

    The parser reports a field only when it is whole, so two things are counted for each message: the bytes
    of what it reported, and the bytes it took in silence since. Bodies are reported as they come and never
    count. Trailers count like fields of the head and are dropped, so that they cannot pose as fields.
    """

    _head = 0
    _silent = 0
    _reported = False
    _in_head = False
    _refused = False

    def data_received(self, data: bytes) -> None:
        """Feed the parser and look at what it made of the bytes."""
        if self._refused:
            return
        self._reported = False
        super().data_received(data)
        if self._refused:
            return
        self._silent = 0 if self._reported else self._silent + len(data)
        if self._head + self._silent > MAX_HEAD_BYTES:
            self._refuse(HeadTooLarge())

    def on_message_begin(self) -> None:
        """A new request: count from nothing."""
        self._reported = self._in_head = True
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole field, of the head or of the trailers."""
        self._count(len(name) + len(value) + len(b": \r\n"))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: RFC 9112 3.2 wants exactly one Host."""
        self._in_head = False
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            raise BadRequest
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._reported = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; what follows belongs to the next."""
        self._reported = True
        self._head = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser, or one of the methods above, has given up."""
        self._refuse(HeadTooLarge() if self._head > MAX_HEAD_BYTES else BadRequest())

    def _count(self, size: int) -> None:
        self._reported = True
        self._head += size
        if self._head > MAX_HEAD_BYTES:
            raise HeadTooLarge

    def _refuse(self, problem: Problem) -> None:
        """Answer `problem` where an answer may stand, and close; earlier requests get theirs first."""
        self._refused = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            alone = not cycle.response_started and not self.pipeline
            cycle.disconnected = True
            cycle.message_event.set()
            if not alone:
                self.transport.close()
                return
        self.transport.write(_answer(problem))
        self.transport.close()


def _answer(problem: Problem) -> bytes:
    body = json.dumps(
        {"type": problem.type, "title": problem.title.zh, "status": problem.status}, ensure_ascii=False
    ).encode()
    return b"".join(
        [
            STATUS_LINE[problem.status],
            b"content-type: application/problem+json\r\ncontent-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
            body,
        ]
    )
