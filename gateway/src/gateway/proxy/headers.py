"""Which headers cross the gateway. Pure functions over raw bytes; no I/O.

Request and answer keep order, duplicates and bytes. Removed are the hop-by-hop fields of RFC 9110 7.6.1 with
those that `Connection` names, and everything by which a client could pretend to be somebody: services read
identity from the token alone, but a forged `X-User` must not even reach a careless reader.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

from common.db import new_id
from common.problems import Text

from gateway.proxy.errors import BadRequest

__all__ = ["Header", "Incoming", "answer_headers", "child_trace", "forwarded_headers", "read_request"]

Header = tuple[bytes, bytes]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
OWN = frozenset({b"expect", b"host", b"forwarded", b"x-request-id", b"traceparent", b"tracestate"})
FORGEABLE = (
    b"x-user",
    b"x-forwarded",
    b"x-real-ip",
    b"x-client",
    b"x-remote",
    b"x-auth",
    b"x-principal",
    b"x-scope",
    b"x-role",
    b"x-region",
    b"x-subject",
    b"x-internal",
    b"x-tourtrust",
    b"x-original-",
    b"x-rewrite-",
    b"x-http-method",
    b"x-method-override",
    b"remote-user",
    b"true-client-ip",
    b"cf-connecting-ip",
)
ANSWERED_BY_GATEWAY = HOP_BY_HOP | {
    b"date",
    b"server",
    b"x-request-id",
    b"traceparent",
    b"ratelimit",
    b"ratelimit-policy",
}

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(slots=True)
class Incoming:
    """One request's headers, sorted into what the gateway uses and what it passes on."""

    request_id: bytes
    traceparent: bytes
    host: bytes
    authorization: bytes | None
    content_length: int | None
    chunked: bool
    accept_language: bytes
    forwarded: bool
    pass_on: list[Header]

    @property
    def has_body(self) -> bool:
        """Whether a body may follow."""
        return self.chunked or bool(self.content_length)


def _bad(zh: str, en: str) -> BadRequest:
    return BadRequest(Text(zh, en))


def child_trace(traceparent: bytes | None) -> tuple[bytes, bool]:
    """A `traceparent` for the next hop and whether it continues the given one (W3C Trace Context)."""
    match = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        fresh = token_hex(24)
        return f"00-{fresh[:32]}-{fresh[32:]}-01".encode(), False
    return b"00-%s-%s-%s" % (match[1], token_hex(8).encode(), match[2]), True


def read_request(headers: Iterable[Header]) -> Incoming:
    """Read the headers of a request.

    Raises:
        BadRequest: two ways to frame the body (RFC 9112 6.3), a broken length, two hosts or two
            authorizations, a header that is no UTF-8: whoever reads it differently could be deceived.
    """
    lengths: list[bytes] = []
    codings: list[bytes] = []
    named: set[bytes] = set()
    hosts: list[bytes] = []
    authorizations: list[bytes] = []
    request_id = trace = b""
    state: list[bytes] = []
    language = b""
    forwarded = False
    pass_on: list[Header] = []
    for name, value in headers:
        if name in HOP_BY_HOP:
            if name == b"connection":
                named.update(token.strip().lower() for token in value.split(b","))
            elif name == b"transfer-encoding":
                codings.append(value)
        elif name in OWN:
            if name == b"host":
                hosts.append(value)
            elif name == b"x-request-id":
                request_id = value
            elif name == b"traceparent":
                trace = value
            elif name == b"tracestate":
                state.append(value)
            elif name == b"forwarded":
                forwarded = True
        elif name.replace(b"_", b"-").startswith(FORGEABLE):
            forwarded = forwarded or name == b"x-forwarded-for"
        else:
            if name == b"content-length":
                lengths.append(value)
            elif name == b"authorization":
                authorizations.append(value)
            elif name == b"accept-language":
                language = value
            if not value.isascii():
                _require_utf8(value)
            pass_on.append((name, value))
    length = _length(lengths, codings)
    if len(hosts) > 1 or len(authorizations) > 1:
        raise _bad("Host 或 Authorization 重复", "Host or Authorization is given twice")
    traceparent, continued = child_trace(trace)
    if named:
        pass_on = [header for header in pass_on if header[0] not in named]
    pass_on.append((b"traceparent", traceparent))
    if continued:
        pass_on.extend((b"tracestate", value) for value in state if value.isascii())
    if not REQUEST_ID.fullmatch(request_id):
        request_id = new_id().hex.encode()
    pass_on.append((b"x-request-id", request_id))
    return Incoming(
        request_id,
        traceparent,
        hosts[0] if hosts else b"",
        authorizations[0] if authorizations else None,
        length,
        bool(codings),
        language,
        forwarded,
        pass_on,
    )


def _require_utf8(value: bytes) -> None:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("请求头不是有效的 UTF-8", "A header is not valid UTF-8") from None


def _length(lengths: list[bytes], codings: list[bytes]) -> int | None:
    if codings and (lengths or len(codings) > 1 or codings[0].strip().lower() != b"chunked"):
        raise _bad("请求体长度的表示有歧义", "The body is framed in more than one way")
    if not lengths:
        return None
    if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:
        raise _bad("Content-Length 无效", "Content-Length is not valid")
    return int(lengths[0])


def forwarded_headers(incoming: Incoming, client: str, scheme: str) -> list[Header]:
    """`Forwarded` (RFC 7239) and its elder brothers, made anew from what the gateway itself saw."""
    node = f'"[{client}]"' if ":" in client else client or "unknown"
    parts = [f"for={node}".encode(), b"proto=" + scheme.encode()]
    made = [(b"x-forwarded-proto", scheme.encode())]
    if client:
        made.append((b"x-forwarded-for", client.encode("ascii", "replace")))
    if incoming.host and re.fullmatch(rb"[A-Za-z0-9.\-:\[\]]+", incoming.host):
        parts.append(b'host="' + incoming.host + b'"')
        made.append((b"x-forwarded-host", incoming.host))
    return [(b"forwarded", b";".join(parts)), *made]


def answer_headers(headers: Iterable[Header], status: int) -> list[Header]:
    """The headers of a service's answer that go to the client.

    `Date` and `Server` are written by the gateway's own HTTP server. An answer that has no body must not
    carry a length (RFC 9110 8.6 allows it on 304, servers in front need not expect it).
    """
    kept: list[Header] = []
    named: set[bytes] = set()
    bodiless = status in {204, 304}
    for raw, value in headers:
        name = raw.lower()
        if name == b"connection":
            named.update(token.strip().lower() for token in value.split(b","))
        elif name not in ANSWERED_BY_GATEWAY and not (bodiless and name == b"content-length"):
            kept.append((name, value))
    return (
        [header for header in kept if header[0] not in named] if named - {b"close", b"keep-alive"} else kept
    )
