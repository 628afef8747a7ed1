"""Clients: secrets, assertions, scopes, introspection; errors in OAuth's own form."""

import json
import time
from uuid import uuid4

import pytest
from gateway.identity.admin import Principal
from gateway.tokens.rules import assertion_is_timely, narrow
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from .conftest import SECRET
from .test_tokens_at_the_door import hmac_signed

TOKEN = "/oauth/token"
CREDENTIALS = {"grant_type": "client_credentials"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def oauth_error(answer, code, status=400):
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, code), body
    assert set(body) == {"error", "error_description"}
    assert body["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_client_credentials(client, ota, clock):
    answer = await client.post(TOKEN, data=CREDENTIALS, auth=("ota", SECRET))
    assert answer.status_code == 200
    assert answer.json()["scope"] == "contracts:read contracts:submit"
    assert "refresh_token" not in answer.json()


async def test_requested_scope_narrows(client, ota):
    answer = await client.post(TOKEN, data=CREDENTIALS | {"scope": "contracts:read"}, auth=("ota", SECRET))
    assert answer.json()["scope"] == "contracts:read"
    for scope in ("admin", "contracts:read admin", "contracts:write", "  "):
        oauth_error(
            await client.post(TOKEN, data=CREDENTIALS | {"scope": scope}, auth=("ota", SECRET)),
            "invalid_scope",
        )


async def test_wrong_clients_are_one_answer(client, admin, ota):
    bodies = []
    for auth in (("ota", "wrong"), ("nobody", SECRET), ("ota", ""), ("ota\x00", SECRET), ("é", "x")):
        answer = await client.post(TOKEN, data=CREDENTIALS, auth=auth)
        oauth_error(answer, "invalid_client", 401)
        bodies.append(answer.json())
    assert all(body == bodies[0] for body in bodies)
    oauth_error(await client.post(TOKEN, data=CREDENTIALS), "invalid_client", 401)
    for header in ("Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "Basic /w=="):
        answer = await client.post(TOKEN, data=CREDENTIALS, headers={"Authorization": header})
        oauth_error(answer, "invalid_client", 401)
    await admin.disable_client("ota")
    oauth_error(await client.post(TOKEN, data=CREDENTIALS, auth=("ota", SECRET)), "invalid_client", 401)


async def test_malformed_requests(client, ota):
    auth = ("ota", SECRET)
    oauth_error(await client.post(TOKEN, data={}, auth=auth), "invalid_request")
    oauth_error(await client.post(TOKEN, json=CREDENTIALS, auth=auth), "invalid_request")
    oauth_error(
        await client.post(TOKEN, data={"grant_type": "password"}, auth=auth), "unsupported_grant_type"
    )
    oauth_error(await client.post(TOKEN, data={"grant_type": "refresh_token"}), "invalid_request")
    oauth_error(await client.post(TOKEN, data=CREDENTIALS | {"client_secret": SECRET}), "invalid_request")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (
        b"grant_type=a&grant_type=b",
        b"grant_type",
        b"\xff=1",
        b"a=%ff",
        b"a=" + b"x" * 40_000,
        b"a=%00",
    ):
        oauth_error(await client.post(TOKEN, content=body, headers=form, auth=auth), "invalid_request")


@pytest.fixture
async def signer(admin) -> ECKey:
    key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    jwks = {"keys": [key.as_dict(private=True)]}
    assert (
        await admin.create_client("app", "App", Principal("client", ("complaints:file",)), jwks=jwks) is None
    )
    return key


def assertion(key, clock, *, algorithm="ES256", **changes):
    now = int(clock.now().timestamp())
    content = {
        "iss": "app",
        "sub": "app",
        "aud": "http://127.0.0.1:8000/oauth/token",
        "exp": now + 120,
        "iat": now,
        "jti": uuid4().hex,
    } | changes
    content = {name: value for name, value in content.items() if value is not None}
    token = jwt.encode({"alg": algorithm, "kid": "k1"}, content, key, algorithms=[algorithm])
    return {**CREDENTIALS, "client_assertion": token, "client_assertion_type": ASSERTION_TYPE}


async def test_private_key_jwt_and_its_replay(client, signer, clock):
    form = assertion(signer, clock)
    answer = await client.post(TOKEN, data=form)
    assert (answer.status_code, answer.json().get("scope")) == (200, "complaints:file")
    oauth_error(await client.post(TOKEN, data=form), "invalid_client", 401)
    listed = assertion(signer, clock, aud=["x", "http://127.0.0.1:8000"])
    assert (await client.post(TOKEN, data=listed | {"client_id": "app"})).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"aud": "http://other"},
        {"aud": None},
        {"aud": 5},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 10**18},
        {"exp": True},
        {"iat": 10**12},
        {"nbf": 10**12},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 300},
        {"jti": "\x00"},
    ],
)
async def test_bad_assertions(client, signer, clock, changes):
    oauth_error(await client.post(TOKEN, data=assertion(signer, clock, **changes)), "invalid_client", 401)


async def test_foreign_symmetric_and_unsigned_assertions(client, signer, ota, clock):
    foreign = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    oauth_error(await client.post(TOKEN, data=assertion(foreign, clock)), "invalid_client", 401)
    content = jws.extract_compact(assertion(signer, clock)["client_assertion"].encode()).payload
    public = hmac_signed(signer.as_pem(private=False), {"alg": "HS256", "kid": "k1"}, json.loads(content))
    form = {**CREDENTIALS, "client_assertion": public, "client_assertion_type": ASSERTION_TYPE}
    oauth_error(await client.post(TOKEN, data=form), "invalid_client", 401)
    for token in ("e30.e30.", "a.b.c", "é", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhcHAifQ."):
        form = {**CREDENTIALS, "client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
        oauth_error(await client.post(TOKEN, data=form), "invalid_client", 401)
    good = assertion(signer, clock)
    oauth_error(await client.post(TOKEN, data=good | {"client_assertion_type": "x"}), "invalid_request")
    oauth_error(await client.post(TOKEN, data=good, auth=("ota", SECRET)), "invalid_request")
    oauth_error(await client.post(TOKEN, data=good | {"client_id": "ota"}), "invalid_client", 401)


async def test_secret_keys_are_refused_and_private_halves_forgotten(admin, signer):
    octet = {"keys": [OctKey.generate_key(256).as_dict(private=True)]}
    for jwks in (octet, {"keys": []}, {"keys": [{}]}, {}):
        with pytest.raises(ValueError):
            await admin.create_client("x", "x", Principal("client", ()), jwks=jwks)
    async with admin._db.session() as session:
        from gateway.identity.models import Client

        stored = await session.get_one(Client, "app")
    assert all("d" not in key for key in stored.jwks["keys"])


async def test_introspection_is_for_clients_and_tells_each_its_own(client, admin, ota, clock):
    await admin.create_client("svc", "svc", Principal("service", ("internal:credit",)), secret=SECRET)
    token = (await client.post(TOKEN, data=CREDENTIALS, auth=("ota", SECRET))).json()["access_token"]
    path = "/oauth/introspect"
    oauth_error(await client.post(path, data={"token": token}), "invalid_client", 401)
    oauth_error(await client.post(path, data={}, auth=("svc", SECRET)), "invalid_request")
    for asking in ("svc", "ota"):
        body = (await client.post(path, data={"token": token}, auth=(asking, SECRET))).json()
        assert (body["active"], body["client_id"], body["token_type"]) == (True, "ota", "Bearer")
    await admin.create_client("nosy", "nosy", Principal("client", ()), secret=SECRET)
    inactive = {"active": False}
    assert (await client.post(path, data={"token": token}, auth=("nosy", SECRET))).json() == inactive
    assert (await client.post(path, data={"token": "x"}, auth=("svc", SECRET))).json() == inactive
    oauth_error(await client.post("/oauth/revoke", data={"token": token}), "invalid_client", 401)
    assert (
        await client.post("/oauth/revoke", data={"token": token}, auth=("nosy", SECRET))
    ).status_code == 200
    assert (await client.post(path, data={"token": token}, auth=("svc", SECRET))).json()["active"]
    assert (
        await client.post("/oauth/revoke", data={"token": token}, auth=("ota", SECRET))
    ).status_code == 200
    assert (await client.post(path, data={"token": token}, auth=("svc", SECRET))).json() == inactive
    fresh = (await client.post(TOKEN, data=CREDENTIALS, auth=("ota", SECRET))).json()["access_token"]
    clock.move(minutes=15)
    assert (await client.post(path, data={"token": fresh}, auth=("svc", SECRET))).json() == inactive


async def test_metadata_names_what_is_there(client):
    document = (await client.get("/.well-known/oauth-authorization-server")).json()
    issuer = document["issuer"]
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        assert (await client.post(document[name].removeprefix(issuer), data={})).status_code in {400, 401}
    assert (await client.get(document["jwks_uri"].removeprefix(issuer))).status_code == 200


SCOPES = st.sets(st.sampled_from(["a", "b", "c", "d"]))


@given(SCOPES, st.one_of(st.none(), SCOPES))
def test_narrowing_never_adds(held, wanted):
    granted = narrow(held, None if wanted is None else " ".join(wanted))
    if wanted is None:
        assert set(granted) == held
    elif wanted and wanted <= held:
        assert set(granted) == wanted
    else:
        assert granted is None


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_assertions_live_five_minutes_at_most(expires, issued):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    at = time.time()
    claims = {"exp": at + expires, "iat": at + issued}
    if assertion_is_timely(claims, [now]):
        assert -61 <= expires <= 361
        assert issued <= 61
