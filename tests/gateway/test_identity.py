"""Log-ins, one-time passwords, lockout, refresh, revocation: by the letter of RFC 6749, 7009 and 9700."""

import asyncio
from datetime import UTC, datetime

import pyotp
import pytest
from common.clock import FrozenClock
from common.testing import api_client, test_settings
from gateway.config import Settings
from gateway.identity.admin import Admin, Principal
from gateway.identity.passwords import Passwords
from gateway.identity.rules import lock_for, matching_step
from gateway.main import create_app
from joserfc import jws

from .conftest import PASSWORD, SECRET, TOTP

SESSIONS = "/api/v1/identity/sessions"


def otp(clock) -> str:
    return pyotp.TOTP(TOTP).at(clock.now())


async def log_in(client, clock, **changes):
    body = {"username": "officer", "password": PASSWORD, "otp": otp(clock)} | changes
    return await client.post(
        SESSIONS, json={name: value for name, value in body.items() if value is not None}
    )


def claims(token: str) -> dict:
    import json

    return json.loads(jws.extract_compact(token.encode()).payload)


async def test_log_in_gives_an_rfc9068_token(client, officer, clock):
    answer = await log_in(client, clock, username=" Officer ")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "Bearer",
        900,
        "credit:read credit:write",
    )
    content = claims(body["access_token"])
    assert jws.extract_compact(body["access_token"].encode()).headers()["typ"] == "at+jwt"
    assert set(content) == {
        "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "kind", "regions", "department",
    }  # fmt: skip
    assert (content["kind"], content["regions"], content["department"]) == ("officer", ["140000"], "WL")
    assert content["exp"] - content["iat"] == 900


async def test_every_wrong_secret_has_one_answer(client, officer, clock):
    answers = []
    for changes in (
        {"username": "nobody"},
        {"password": "wrong"},
        {"otp": "000000"},
        {"otp": None},
    ):
        answer = await log_in(client, clock, **changes)
        assert answer.status_code == 401
        answers.append(answer.json())
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["type"] == "/problems/invalid-credentials"


async def test_one_time_password_counts_once(client, officer, clock):
    assert (await log_in(client, clock)).status_code == 200
    assert (await log_in(client, clock)).status_code == 401
    clock.move(seconds=30)
    assert (await log_in(client, clock)).status_code == 200


@pytest.mark.parametrize("name", ["officer", "nobody"])
async def test_names_lock_after_five_failures_whether_or_not_they_exist(client, officer, clock, name):
    for _ in range(5):
        assert (await log_in(client, clock, username=name, password="wrong")).status_code == 401
    locked = await log_in(client, clock, username=name)
    assert (locked.status_code, locked.json()["type"]) == (429, "/problems/too-many-requests")
    assert 1 <= int(locked.headers["retry-after"]) <= 31
    clock.move(seconds=31)
    assert (await log_in(client, clock, username=name)).status_code == (200 if name == "officer" else 401)


async def test_guesses_side_by_side_are_all_counted(client, officer, clock):
    answers = await asyncio.gather(*(log_in(client, clock, password=f"wrong {n}") for n in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(401) == 5
    assert set(statuses) <= {401, 429, 503}


def test_lock_times_double_up_to_a_quarter_of_an_hour():
    assert [int(lock_for(n).total_seconds()) for n in (4, 5, 6, 7, 9, 10, 500)] == [
        0,
        30,
        60,
        120,
        480,
        900,
        900,
    ]


def test_time_steps_match_one_before_and_after():
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    code = pyotp.TOTP(TOTP).generate_otp
    assert matching_step(TOTP, code(step - 1), [now], None) == step - 1
    assert matching_step(TOTP, code(step + 1), [now], step) == step + 1
    assert matching_step(TOTP, code(step), [now], step) is None
    assert matching_step(TOTP, code(step - 2), [now], None) is None


async def test_fixed_clock_of_a_demonstration_takes_real_codes_again_and_again(gateway_database, tmp_path):
    url = await gateway_database.copy()
    clock_file = tmp_path / "clock"
    FrozenClock.set(clock_file, datetime(2026, 11, 23, 2, tzinfo=UTC))
    settings = test_settings(Settings, tmp_path, url, clock_file=clock_file)
    async with Admin(settings) as admin:
        await admin.create_user("officer", PASSWORD, Principal("officer", ("credit:read",)), totp_secret=TOTP)
    async with api_client(create_app(settings)) as client:
        real = pyotp.TOTP(TOTP).now()
        frozen = pyotp.TOTP(TOTP).at(datetime(2026, 11, 23, 2, tzinfo=UTC))
        for code in (real, real, frozen):
            answer = await client.post(
                SESSIONS, json={"username": "officer", "password": PASSWORD, "otp": code}
            )
            assert answer.status_code == 200
        assert claims(answer.json()["access_token"])["iat"] == int(
            datetime(2026, 11, 23, 2, tzinfo=UTC).timestamp()
        )
    await gateway_database.drop(url)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"",
        b"\xff",
        b"[" * 200 + b"]" * 200,
        b'{"username":1,"password":"x"}',
        b'{"username":"a","password":"b","extra":1}',
        b'{"username":"a","password":"b","otp":"12345"}',
        b'{"username":"a\\u0000","password":"b"}',
        b'{"username":"\\ud800","password":"b"}',
        b'{"username":NaN,"password":"b"}',
    ],
)
async def test_bad_bodies_are_refused_with_the_place(client, body):
    answer = await client.post(SESSIONS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_guest_session_files_and_nothing_else(client, clock):
    answer = await client.post("/api/v1/identity/guest-sessions")
    assert answer.status_code == 200
    body = answer.json()
    assert body["scope"] == "complaints:file reports:file"
    assert "refresh_token" not in body
    content = claims(body["access_token"])
    assert (content["kind"], content["regions"]) == ("tourist", [])


async def refresh(client, token, **form):
    return await client.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token, **form}
    )


async def test_refresh_rotates_and_reuse_ends_the_session(client, app, officer, clock):
    first = (await log_in(client, clock)).json()
    second = (await refresh(client, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert app.state.gate.admit(f"Bearer {second['access_token']}".encode())
    again = await refresh(client, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    after = await refresh(client, second["refresh_token"])
    assert (after.status_code, after.json()["error"]) == (400, "invalid_grant")
    for token in (first["access_token"], second["access_token"]):
        with pytest.raises(Exception, match="撤销"):
            app.state.gate.admit(f"Bearer {token}".encode())


async def test_two_uses_at_once_are_one_use_and_one_reuse(client, officer, clock):
    token = (await log_in(client, clock)).json()["refresh_token"]
    answers = await asyncio.gather(refresh(client, token), refresh(client, token))
    assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_refresh_narrows_expires_and_follows_the_account(client, admin, officer, clock):
    token = (await log_in(client, clock)).json()["refresh_token"]
    wide = await refresh(client, token, scope="credit:read admin")
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    narrow = (await refresh(client, token, scope="credit:read")).json()
    assert narrow["scope"] == "credit:read"
    await admin.grant_user("officer", Principal("officer", ("credit:read",), ("140100",)))
    lesser = (await refresh(client, narrow["refresh_token"])).json()
    assert lesser["scope"] == "credit:read"
    assert claims(lesser["access_token"])["regions"] == ["140100"]
    clock.move(hours=9)
    assert (await refresh(client, lesser["refresh_token"])).json()["error"] == "invalid_grant"


async def test_closed_account_is_out_at_once(client, app, admin, officer, clock):
    tokens = (await log_in(client, clock)).json()
    await admin.disable_user("officer")
    await asyncio.sleep(0.5)
    with pytest.raises(Exception, match="撤销"):
        app.state.gate.admit(f"Bearer {tokens['access_token']}".encode())
    assert (await refresh(client, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    clock.move(seconds=60)
    assert (await log_in(client, clock)).status_code == 401


async def test_revocation_of_a_users_tokens_needs_no_client(client, app, officer, clock):
    tokens = (await log_in(client, clock)).json()
    assert (await client.post("/oauth/revoke", data={"token": tokens["access_token"]})).status_code == 200
    with pytest.raises(Exception, match="撤销"):
        app.state.gate.admit(f"Bearer {tokens['access_token']}".encode())
    assert (await client.post("/oauth/revoke", data={"token": tokens["refresh_token"]})).status_code == 200
    assert (await refresh(client, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await client.post("/oauth/revoke", data={"token": "never heard of"})).status_code == 200


def test_real_hashes_are_expensive_argon2id(monkeypatch):
    monkeypatch.undo()
    stored = Passwords()._hasher.hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,")


async def test_secrets_are_not_stored_or_logged_in_clear(client, app, admin, officer, ota, clock, capfd):
    tokens = (await log_in(client, clock)).json()
    await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("ota", SECRET))
    from sqlalchemy import text

    async with app.state.db.session() as session:
        tables = (
            await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).scalars()
        stored = ""
        for table in tables.all():
            stored += str((await session.execute(text(f'SELECT * FROM "{table}"'))).all())
    logged = capfd.readouterr().out
    for secret in (PASSWORD, SECRET, TOTP, tokens["refresh_token"], tokens["access_token"]):
        assert secret not in stored
        assert secret not in logged
