"""What passes as a token through the running gateway, and what does not."""

import asyncio
import base64
import hmac
import json
from datetime import UTC, datetime

import httpx
import pytest
from common.testing import api_client
from gateway.identity.admin import Admin
from gateway.keys.ring import NoSigningKey, SigningKeys
from gateway.tokens.rules import Grant
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

PATH = "/api/v1/credit/echo"


@pytest.fixture
async def http(stand):
    async with httpx.AsyncClient(base_url=stand.url, timeout=20) as client:
        yield client


def b64(content: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def hmac_signed(secret: bytes, header: dict, content: dict) -> str:
    """A token whose "signature" is an HMAC with the public key: the classic confusion of algorithms."""
    signing_input = f"{b64(header)}.{b64(content)}"
    digest = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


async def refused(http, stand, authorization: str) -> None:
    answer = await http.get(PATH, headers={"Authorization": authorization})
    assert answer.status_code == 401, authorization[:60]
    assert answer.json()["type"] == "/problems/unauthenticated"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert stand.neighbour.requests == []


async def test_forgeries(stand, http):
    now = int(datetime.now(UTC).timestamp())
    good = stand.token()
    header, body, signature = good.split(".")
    key = stand.app.state.signing_keys.signing()
    content = {
        "iss": "http://gateway.test", "sub": "a", "aud": "tourtrust", "iat": now, "exp": now + 900,
        "jti": "j", "client_id": "c", "scope": "admin", "kind": "officer", "regions": [],
    }  # fmt: skip

    def signed(by, algorithm="ES256", typ="at+jwt", kid=None, **changes):
        claims = {name: value for name, value in (content | changes).items() if value is not None}
        head = {"alg": algorithm, "typ": typ, "kid": kid or key.kid}
        return f"Bearer {jwt.encode(head, claims, by, algorithms=[algorithm])}"

    assert (await http.get(PATH, headers={"Authorization": signed(key)})).status_code == 200
    stand.neighbour.requests.clear()
    foreign = ECKey.generate_key("P-256")
    header_of_hmac = {"alg": "HS256", "typ": "at+jwt", "kid": key.kid}
    confused = hmac_signed(key.as_pem(private=False), header_of_hmac, content)
    attempts = [
        signed(foreign),
        signed(foreign, kid="unknown"),
        signed(OKPKey.generate_key("Ed25519"), "Ed25519"),
        f"Bearer {confused}",
        signed(key, typ="JWT"),
        signed(key, exp=now - 1),
        signed(key, exp="never"),
        signed(key, exp=None),
        signed(key, exp=True),
        signed(key, iat=now + 3600),
        signed(key, aud="other"),
        signed(key, iss="other"),
        signed(key, kind="king"),
        signed(key, regions=["14"]),
        signed(key, jti=None),
        f"Bearer {b64({'alg': 'none', 'typ': 'at+jwt'})}.{b64(content)}.",
        f"Bearer {b64({'alg': 'none', 'typ': 'at+jwt', 'kid': key.kid})}.{b64(content)}.{signature}",
        f"Bearer {header}.{b64(content)}.{signature}",
        f"Bearer {header}.{body}.{signature[:-4]}AAAA",
        f"Bearer {header}.{body}",
        "Bearer",
        "Bearer a b",
        "Basic YTpi",
        "bearer " + "a" * 9000,
        f"Token {good}",
    ]
    for attempt in attempts:
        await refused(http, stand, attempt)


async def test_a_bad_token_is_refused_even_where_none_is_needed(stand, http):
    answer = await http.get("/api/v1/credit/public/subjects/echo", headers={"Authorization": "Bearer x.y.z"})
    assert answer.status_code == 401


async def test_a_token_ends_while_it_is_remembered(settings, clock, app):
    async with api_client(app):
        token = app.state.token_issuer.issue(Grant("a", "c", "officer", ()), clock.now()).token
        header = f"Bearer {token}".encode()
        assert app.state.gate.admit(header).sub == "a"
        clock.move(minutes=14, seconds=58)
        assert app.state.gate.admit(header).sub == "a"
        clock.move(seconds=3)
        with pytest.raises(Exception, match="过期"):
            app.state.gate.admit(header)


async def test_rotation_publishes_two_keys_and_both_are_good(settings, clock, app):
    async with api_client(app) as client, Admin(settings) as admin:
        grant = Grant("a", "c", "officer", ())
        old = app.state.token_issuer.issue(grant, clock.now()).token
        kid = await admin.rotate_key()
        await asyncio.sleep(0.5)
        published = (await client.get("/.well-known/jwks.json")).json()["keys"]
        assert (len(published), published[0]["kid"]) == (2, kid)
        assert all("d" not in key for key in published)
        clock.move(seconds=1)
        new = app.state.token_issuer.issue(grant, clock.now()).token
        assert jwt_kid(new) == kid != jwt_kid(old)
        for token in (old, new):
            assert app.state.gate.admit(f"Bearer {token}".encode())
        clock.move(minutes=31)
        await asyncio.sleep(0.5)
        assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 1
        third = await admin.rotate_key(compromised=True)
        await asyncio.sleep(0.5)
        assert [key["kid"] for key in (await client.get("/.well-known/jwks.json")).json()["keys"]] == [third]
        with pytest.raises(Exception, match="无效"):
            app.state.gate.admit(f"Bearer {new}".encode())


def jwt_kid(token: str) -> str:
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def test_a_new_key_is_published_before_it_signs():
    now = 100.0
    ring = SigningKeys(lead=10, now=lambda: now)
    with pytest.raises(NoSigningKey):
        ring.signing()
    first, second = (ECKey.generate_key("P-256", parameters={"kid": kid}) for kid in ("1", "2"))
    ring.load([first])
    assert ring.signing().kid == "1"
    ring.load([second, first])
    assert ring.signing().kid == "1"
    assert len(ring.jwks()["keys"]) == 2
    now = 111.0
    assert ring.signing().kid == "2"
    third = ECKey.generate_key("P-256", parameters={"kid": "3"})
    ring.load([third])
    assert ring.signing().kid == "3"


async def test_a_revocation_elsewhere_is_known_after_a_poll(settings, clock, app, admin):
    async with api_client(app):
        from gateway.tokens.repository import TokenRepository

        access = app.state.token_issuer.issue(Grant("a", "c", "officer", ()), clock.now())
        header = f"Bearer {access.token}".encode()
        assert app.state.gate.admit(header)
        async with admin._db.session() as session:
            await TokenRepository(session).revoke({access.jti: access.expires_at})
        await asyncio.sleep(0.6)
        with pytest.raises(Exception, match="撤销"):
            app.state.gate.admit(header)


async def test_what_is_known_stays_good_without_the_database(postgres, settings, clock, app):
    """Tokens stay good while the identity database is away; log-ins say 503 and come back by themselves."""
    async with api_client(app) as client:
        access = app.state.token_issuer.issue(Grant("a", "c", "officer", ()), clock.now())
        await app.state.db.dispose()
        await postgres_refuses(settings.database_url, True)
        try:
            assert app.state.gate.admit(f"Bearer {access.token}".encode())
            assert (await client.get("/.well-known/jwks.json")).status_code == 200
            body = {"username": "a", "password": "b"}
            answer = await client.post("/api/v1/identity/sessions", json=body)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
            assert (await client.get("/readyz")).status_code == 503
        finally:
            await postgres_refuses(settings.database_url, False)
        assert (await client.post("/api/v1/identity/sessions", json=body)).status_code == 401


async def postgres_refuses(url: str, refuse: bool) -> None:
    """Close a database to new connections and end those it has."""
    import asyncpg

    base, name = url.rsplit("/", 1)
    connection = await asyncpg.connect(f"{base}/postgres")
    await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(not refuse).lower()}')
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await connection.close()


async def test_housekeeping_forgets_what_is_over(settings, clock, app, admin):
    async with api_client(app) as client:
        from gateway.main import _purge
        from sqlalchemy import text

        await client.post("/api/v1/identity/guest-sessions")
        clock.move(days=2)
        await _purge(app)
        async with app.state.db.session() as session:
            assert await session.scalar(text("SELECT count(*) FROM guest_sessions")) == 0
