"""What a socket may send before anything judges it: the head is bounded, the body is not."""

import contextlib
import socket
import time

import pytest
from gateway.proxy.protocol import MAX_HEAD_BYTES

from .conftest import served

LAST = b"Host: x\r\nConnection: close\r\n"


class Echo:
    """Answers the number of body bytes and whether a forbidden field arrived."""

    async def __call__(self, scope, receive, send):
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            if not message["more_body"]:
                break
        forged = any(name == b"x-forged" for name, _ in scope["headers"])
        body = f"[{scope['path']} {size} {forged}]".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port():
    with served(Echo(), lifespan="off") as address:
        yield int(address.rsplit(":", 1)[1])


def talk(port: int, *pieces: bytes, pause: float = 0) -> bytes:
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        # The refusal may close the connection while we still send.
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    return received


@pytest.mark.parametrize(
    "field",
    [
        b"X-Large: " + b"x" * MAX_HEAD_BYTES + b"\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(8000)),
    ],
    ids=["one field", "many fields"],
)
@pytest.mark.parametrize("ended", [True, False], ids=["whole", "endless"])
def test_head_over_the_bound_is_refused(port, field, ended):
    repeat = 1 if ended else 20
    end = b"\r\n" if ended else b""
    answer = talk(port, b"GET /large HTTP/1.1\r\n" + LAST, *[field] * repeat, end)
    # Where bytes are still on their way when the gateway closes, the system may discard the answer.
    assert answer.startswith(b"HTTP/1.1 431 ") or (not ended and answer == b"")
    assert b"200 OK" not in answer


def test_endless_field_in_small_pieces_is_refused(port):
    pieces = [b"x" * 8192] * 8
    answer = talk(port, b"GET /large HTTP/1.1\r\nHost: x\r\nX-Large: ", *pieces, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer
    assert b"/problems/request-head-too-large" in answer


def test_long_request_target_is_refused(port):
    answer = talk(port, b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n" + LAST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_head_under_the_bound_and_a_large_body_pass(port):
    head = b"POST /body HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES - 1000) + b"\r\n"
    body = b"b" * 3_000_000
    answer = talk(port, head + LAST + b"Content-Length: 3000000\r\n\r\n" + body)
    assert b"[/body 3000000 False]" in answer


def test_each_request_of_a_connection_is_counted_for_itself(port):
    head = b"POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    last = b"GET /two HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n" + LAST + b"\r\n"
    answer = talk(port, head + b"b" * 300_000 + last)
    assert answer.count(b"200 OK") == 2
    assert answer.index(b"[/one 300000 False]") < answer.index(b"[/two 0 False]")


def test_earlier_request_gets_its_answer_before_a_refused_one_closes(port):
    first = b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(port, first + b"GET /two HTTP/1.1\r\nHost: x\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"[/one 0 False]" in answer
    assert b"/two" not in answer


def test_trailers_are_dropped_and_bounded(port):
    head = b"POST /t HTTP/1.1\r\n" + LAST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    assert b"[/t 3 False]" in talk(port, head + b"X-Forged: 1\r\n\r\n")
    endless = talk(port, head + b"X-Forged: ", *[b"x" * 8192] * 8, pause=0.05)
    assert endless.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"], ids=["none", "two"])
def test_http_1_1_needs_one_host(port, hosts):
    answer = talk(port, b"GET / HTTP/1.1\r\n" + hosts + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_http_1_0_needs_no_host(port):
    assert talk(port, b"GET /old HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
