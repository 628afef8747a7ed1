"""The demonstration's principals: made once, found again, and each able to log in."""

from datetime import UTC, datetime
from uuid import uuid4

import pyotp
import pytest
from common.clock import FrozenClock
from common.seeding import DEMO_SUBJECT_IDS
from common.testing import api_client, test_settings
from gateway.config import Settings
from gateway.main import create_app
from gateway.seed import DEMO_CLIENTS, DEMO_USERS, seed_identity

from .test_identity import claims

SERVICE_SECRETS = {name: f"{name}-secret" for name in ("gateway", "credit", "complaints", "contracts")}


@pytest.fixture
async def demo_settings(gateway_database, tmp_path):
    url = await gateway_database.copy()
    clock = tmp_path / "clock"
    FrozenClock.set(clock, datetime(2026, 11, 23, 2, tzinfo=UTC))
    yield test_settings(Settings, tmp_path, url, clock_file=clock)
    await gateway_database.drop(url)


async def test_everybody_of_the_demo_gets_a_token_twice_in_a_row(demo_settings):
    first = await seed_identity(demo_settings, service_secrets=SERVICE_SECRETS, demo=True)
    subject = uuid4()
    second = await seed_identity(
        demo_settings, service_secrets=SERVICE_SECRETS, demo=True, subject_ids={"agency": subject}
    )
    assert first == second
    assert set(first["clients"]) == {"ota", "mobile", "hotline12345", "department"} == set(DEMO_CLIENTS)
    assert set(first["users"]) == set(DEMO_USERS)
    async with api_client(create_app(demo_settings)) as client:
        for name, known in first["clients"].items():
            answer = await client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(known["client_id"], known["client_secret"]),
            )
            content = claims(answer.json()["access_token"])
            assert content["scope"].split() == sorted(DEMO_CLIENTS[name].scopes)
            if name == "ota":
                assert content["subject_id"] == str(DEMO_SUBJECT_IDS["ota_platform"])
        for name, known in first["users"].items():
            body = {
                "username": known["username"],
                "password": known["password"],
                "otp": pyotp.TOTP(known["totp_secret"]).now(),
            }
            answer = await client.post("/api/v1/identity/sessions", json=body)
            content = claims(answer.json()["access_token"])
            assert tuple(content["regions"]) == DEMO_USERS[name].regions
            assert content.get("subject_id") == (str(subject) if name == "agency" else None)
        for name in ("credit", "complaints", "contracts"):
            answer = await client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(f"service-{name}", f"{name}-secret"),
            )
            content = claims(answer.json()["access_token"])
            assert content["kind"] == "service"
            assert all(scope.startswith("internal:") for scope in content["scope"].split())


async def test_production_gets_the_services_only(demo_settings):
    settings = demo_settings.model_copy(update={"environment": "production", "clock_file": None})
    with pytest.raises(ValueError):
        await seed_identity(settings, service_secrets=SERVICE_SECRETS, demo=True)
    found = await seed_identity(settings, service_secrets=SERVICE_SECRETS, demo=False)
    assert found == {"clients": {}, "users": {}}
    changed = SERVICE_SECRETS | {"credit": "another"}
    await seed_identity(settings, service_secrets=changed, demo=False)
    async with api_client(create_app(settings)) as client:
        for secret, status in (("another", 200), ("credit-secret", 401)):
            answer = await client.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=("service-credit", secret)
            )
            assert answer.status_code == status
