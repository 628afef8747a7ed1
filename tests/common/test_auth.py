"""Tokens: only the gateway's, only now, only of the right kind; keys rotate and outages are survived."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from common.auth import Principal, TokenVerifier, region_clause, region_prefix
from common.clock import SystemClock
from common.problems import Unauthenticated, Unavailable
from common.testing import TokenMint
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from joserfc.jws import JWSRegistry
from sqlalchemy import Column, String, select


class Hour:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 23, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> Hour:
    return Hour()


@pytest.fixture
def mint(clock: Hour) -> TokenMint:
    return TokenMint(clock)


async def test_a_good_token_gives_its_principal(mint: TokenMint, clock: Hour) -> None:
    subject = str(uuid4())
    token = mint.token(
        scopes=["credit:read", "pii:reveal"], regions=["140100"], subject_id=subject, department="WL"
    )
    principal = await mint.verifier(clock).verify(token)
    assert principal.may("pii:reveal") and not principal.may("admin")
    assert str(principal.subject_id) == subject
    assert principal.covers("140105") and not principal.covers("140200") and not principal.covers(None)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://elsewhere"},
        {"aud": "other"},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"iat": 99_999_999_999},
        {"kind": "king"},
        {"regions": ["14"]},
        {"regions": "140000"},
        {"subject_id": "x"},
        {"scope": 5},
        {"sub": None},
        {"sub": ""},
        {"client_id": {"a": 1}},
        {"department": 5},
        {"regions": {"140000": 1}},
        {"regions": ["\u0661\u0664\u0660\u0660\u0660\u0660"]},
        {"regions": ["140000\n"]},
        {"nbf": 99_999_999_999},
        {"nbf": "now"},
        {"iat": True},
        {"jti": None},
    ],
)
async def test_wrong_claims_are_refused(mint: TokenMint, clock: Hour, claims: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        await mint.verifier(clock).verify(mint.token(scopes=["admin"], **claims))


async def test_forged_tokens_are_refused(mint: TokenMint, clock: Hour) -> None:
    verifier = mint.verifier(clock)
    good = mint.token(scopes=["admin"])
    head, body, signature = good.split(".")
    public = json.dumps(mint.key.as_dict(private=False)).encode()
    confused = jwt.encode(
        {"alg": "HS256", "typ": "at+jwt", "kid": mint.key.kid}, {"sub": "x"}, OctKey.import_key(public)
    )
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + body + "."
    same_kid = ECKey.generate_key("P-256", parameters={"kid": mint.key.kid})
    foreign = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": mint.key.kid}, {"sub": "x"}, same_kid)
    id_token = jwt.encode({"alg": "ES256", "typ": "JWT", "kid": mint.key.kid}, {"sub": "x"}, mint.key)
    changed = head + "." + body[:-2] + ("AA" if body[-2:] != "AA" else "BB") + "." + signature
    for token in (none, confused, foreign, id_token, changed, "", "a.b", "a.b.c", "\udcff", "é" * 40):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"crit": ["exp"], "exp": 1}, {}),
        ({"crit": ["b64"], "b64": False}, {}),
        ({"alg": "Ed25519"}, {}),
        ({"alg": ["ES256"]}, {}),
        ({"kid": 5}, {}),
        ({"typ": ["at+jwt"]}, {}),
        ([], {}),
        (None, {}),
        ({}, []),
        ({}, None),
        ({}, b"[" * 50_000),
        (b"[" * 5_000, {}),
        (b"A" * 60_000, b"A" * 60_000),
    ],
)
async def test_tokens_of_strange_shape_are_refused(
    mint: TokenMint, clock: Hour, header: object, payload: object
) -> None:
    def part(usual: dict[str, object], given: object) -> str:
        content = usual | given if isinstance(given, dict) else given
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    claims = json.loads(base64.urlsafe_b64decode(mint.token(scopes=["admin"]).split(".")[1] + "=="))
    signed = f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': mint.key.kid}, header)}.{part(claims, payload)}"
    signature = JWSRegistry.algorithms["ES256"].sign(signed.encode(), mint.key)
    token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    for form in (token, f"{signed}.", f"{token}AAAA", f"{token}.a.b"):
        with pytest.raises(Unauthenticated):
            await mint.verifier(clock).verify(form)


async def test_a_remembered_token_still_expires(mint: TokenMint, clock: Hour) -> None:
    verifier = mint.verifier(clock)
    token = mint.token(scopes=["admin"], lifetime=900)
    await verifier.verify(token)
    clock.instant += timedelta(seconds=900)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


class Gateway:
    """Serves keys like the gateway, and can go away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mints: list[TokenMint] = []
        self.keys: object = None
        self.down = False
        self.asked = 0
        real = httpx.AsyncClient

        def client(**options: object) -> httpx.AsyncClient:
            return real(transport=httpx.MockTransport(self.answer))

        monkeypatch.setattr("common.auth.httpx.AsyncClient", client)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.down:
            raise httpx.ConnectError("down")
        keys = self.keys
        if keys is None:
            keys = KeySet([mint.key for mint in self.mints]).as_dict(private=False)
        return httpx.Response(200, json=keys)


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    yield Gateway(monkeypatch)


def verifier_of(clock: Hour, min_refresh: float = 0.0) -> TokenVerifier:
    return TokenVerifier(
        jwks_url="http://gateway/jwks",
        issuer="http://127.0.0.1:8000",
        audience="tourtrust",
        clock=clock,
        min_refresh=min_refresh,
    )


async def test_rotation_needs_no_restart_and_an_outage_no_panic(clock: Hour, gateway: Gateway) -> None:
    old, new = TokenMint(clock), TokenMint(clock)
    verifier = verifier_of(clock)
    gateway.down = True
    with pytest.raises(Unavailable):
        await verifier.verify(old.token(scopes=["admin"]))
    gateway.down = False
    gateway.mints = [old]
    await verifier.verify(old.token(scopes=["admin"]))
    gateway.mints = [old, new]
    await verifier.verify(new.token(scopes=["admin"]))
    gateway.down = True
    await verifier.verify(old.token(scopes=["admin"], sub="someone else"))
    with pytest.raises(Unauthenticated):
        await verifier.verify(TokenMint(clock).token(scopes=["admin"]))


async def test_forged_key_ids_cause_no_flood(clock: Hour, gateway: Gateway) -> None:
    gateway.mints = [TokenMint(clock)]
    verifier = verifier_of(clock, min_refresh=60)
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            await verifier.verify(TokenMint(clock).token(scopes=["admin"]))
    assert gateway.asked == 1
    assert time.monotonic() - started < 30


async def test_a_withdrawn_key_is_forgotten(
    clock: Hour, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn, kept = TokenMint(clock), TokenMint(clock)
    gateway.mints = [withdrawn, kept]
    verifier = verifier_of(clock)
    await verifier.verify(withdrawn.token(scopes=["admin"]))
    gateway.mints = [kept]
    monkeypatch.setattr(TokenVerifier, "MAX_AGE", 0.0)
    with pytest.raises(Unauthenticated):
        await verifier.verify(withdrawn.token(scopes=["admin"]))
    gateway.down = True
    await verifier.verify(kept.token(scopes=["admin"]))


async def test_a_crowd_before_a_silent_gateway_asks_once(clock: Hour, gateway: Gateway) -> None:
    gateway.down = True
    mint, verifier = TokenMint(clock), verifier_of(clock, min_refresh=5)
    tokens = [mint.token(scopes=["admin"], sub=str(number)) for number in range(20)]
    answers = await asyncio.gather(*map(verifier.verify, tokens), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert gateway.asked == 1


@pytest.mark.parametrize("keys", [[], {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "?"}]}, {}])
async def test_strange_key_sets_are_as_good_as_none(clock: Hour, gateway: Gateway, keys: object) -> None:
    gateway.keys = keys
    with pytest.raises((Unavailable, Unauthenticated)):
        await verifier_of(clock).verify(TokenMint(clock).token(scopes=["admin"]))


@pytest.mark.parametrize(
    ("own", "code", "covered"),
    [
        ("110000", "110105", True),
        ("110100", "110105", True),
        ("110105", "110105", True),
        ("110105", "110106", False),
        ("310100", "310230", False),
        ("500200", "500229", True),
        ("419000", "419001", True),
        ("000000", "710000", True),
        ("140000", "000000", False),
        ("100000", "101010", True),
    ],
)
def test_municipalities_and_direct_counties_are_covered(own: str, code: str, covered: bool) -> None:
    assert Principal("s", "c", "officer", frozenset(), (own,)).covers(code) is covered


def test_region_prefixes() -> None:
    assert [region_prefix(code) for code in ("000000", "140000", "140100", "140105")] == [
        "",
        "14",
        "1401",
        "140105",
    ]


@given(st.from_regex(r"\A[1-6][0-9]{5}\Z"), st.lists(st.from_regex(r"\A[1-6][0-9]{5}\Z"), max_size=3))
def test_the_sql_condition_says_the_same_as_covers(code: str, regions: list[str]) -> None:
    principal = Principal("s", "c", "officer", frozenset(), tuple(regions))
    clause = region_clause(Column("region", String), principal)
    compiled = str(select(clause).compile(compile_kwargs={"literal_binds": True}))
    patterns = [part.split("'")[1] for part in compiled.split("LIKE")[1:]]
    assert principal.covers(code) == any(code.startswith(p.rstrip("%")) for p in patterns)


def test_the_system_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
