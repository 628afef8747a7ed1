"""Principals that must exist: the services' own, and those of the demonstration.

The secrets of the demonstration are derived from the keyring, so that a second start of the same data
directory finds the same ones without keeping them anywhere in clear. Production has no such principals.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from common.crypto import Keyring
from common.seeding import DEMO_SUBJECT_IDS

from gateway.config import Settings
from gateway.identity.admin import Admin, Principal

__all__ = ["DEMO_CLIENTS", "DEMO_USERS", "SERVICES", "seed_identity"]

CONTEXT = "gateway.demo_secret"
SHANXI, TAIYUAN, DATONG = ("140000",), ("140100",), ("140200",)

SERVICES = {
    "credit": ("internal:complaints", "internal:contracts"),
    "complaints": ("internal:credit", "internal:contracts"),
    "contracts": ("internal:credit", "internal:complaints"),
}
"""What each service may ask of its neighbours: `internal:NAME` opens the internal routes of NAME."""


def _scopes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DEMO_CLIENTS = {
    "ota": Principal(
        "client", _scopes("contracts:submit contracts:read"), (), None, DEMO_SUBJECT_IDS["ota_platform"]
    ),
    "mobile": Principal("client", _scopes("complaints:file reports:file")),
    "hotline12345": Principal("client", _scopes("complaints:file"), SHANXI, "12345"),
    "department": Principal("client", _scopes("credit:read"), SHANXI, "SC"),
}

DEMO_USERS = {
    "province_officer": Principal(
        "officer",
        _scopes(
            "credit:read credit:write inspections:run complaints:handle complaints:supervise reports:handle "
            "contracts:read contracts:supervise pii:reveal"
        ),
        SHANXI,
        "WL",
    ),
    "taiyuan_officer": Principal(
        "officer",
        _scopes("credit:read complaints:handle reports:handle contracts:read inspections:run pii:reveal"),
        TAIYUAN,
        "WL",
    ),
    "officer2": Principal(
        "officer",
        _scopes("credit:read complaints:handle reports:handle contracts:read inspections:run pii:reveal"),
        DATONG,
        "WL",
    ),
    "reviewer": Principal(
        "officer",
        _scopes("credit:read credit:decide complaints:supervise enforcement:handle contracts:read"),
        SHANXI,
        "WL",
    ),
    "regulator": Principal("officer", _scopes("credit:read credit:decide"), SHANXI, "WL"),
    "inspector": Principal("officer", _scopes("credit:read inspections:run contracts:read"), SHANXI, "WZ"),
    "enforcement_officer": Principal(
        "officer",
        _scopes("credit:read inspections:run enforcement:handle contracts:read reports:handle"),
        SHANXI,
        "WZ",
    ),
    "agency": Principal(
        "agency",
        _scopes("credit:read complaints:respond contracts:read"),
        (),
        None,
        DEMO_SUBJECT_IDS["sample_agency"],
    ),
    "admin": Principal(
        "officer", _scopes("admin credit:read credit:policy contracts:read contracts:policy"), SHANXI
    ),
    "admin2": Principal(
        "officer", _scopes("admin credit:read credit:policy contracts:read contracts:policy"), SHANXI
    ),
    "auditor": Principal("officer", _scopes("audit:read"), SHANXI),
}


async def seed_identity(
    settings: Settings,
    *,
    service_secrets: Mapping[str, str],
    demo: bool,
    subject_ids: Mapping[str, UUID] | None = None,
) -> dict[str, Any]:
    """Make what is missing, and return the demonstration's credentials (empty without `demo`).

    `service_secrets` maps a service to the secret of its client `service-NAME`; a service that the table
    above does not know is left out. `subject_ids` binds other principals of the demonstration to a subject.

    Raises:
        ValueError: a demonstration is asked for in production.
    """
    if demo and settings.environment == "production":
        raise ValueError("production has no demonstration principals")
    async with Admin(settings) as admin:
        await asyncio.gather(
            *(
                admin.ensure_client(
                    f"service-{name}", name, Principal("service", scopes), service_secrets[name]
                )
                for name, scopes in SERVICES.items()
                if name in service_secrets
            )
        )
        if not demo:
            return {"clients": {}, "users": {}}
        keyring = Keyring.from_file(settings.keyring_file)
        bound = subject_ids or {}
        clients = {name: _client(keyring, name) for name in DEMO_CLIENTS}
        users = {name: _user(keyring, name) for name in DEMO_USERS}
        await asyncio.gather(
            *(
                admin.ensure_client(
                    clients[name]["client_id"],
                    name,
                    _bind(grant, bound.get(name)),
                    clients[name]["client_secret"],
                )
                for name, grant in DEMO_CLIENTS.items()
            ),
            *(
                _ensure_user(admin, users[name], _bind(grant, bound.get(name)))
                for name, grant in DEMO_USERS.items()
            ),
        )
        return {"clients": clients, "users": users}


def _bind(grant: Principal, subject_id: UUID | None) -> Principal:
    if subject_id is None:
        return grant
    return Principal(grant.kind, grant.scopes, grant.regions, grant.department, subject_id)


async def _ensure_user(admin: Admin, user: Mapping[str, str], grant: Principal) -> None:
    if await admin.has_user(user["username"]):
        await admin.grant_user(user["username"], grant)
    else:
        await admin.create_user(user["username"], user["password"], grant, totp_secret=user["totp_secret"])


def _client(keyring: Keyring, name: str) -> dict[str, str]:
    return {"client_id": name, "client_secret": keyring.blind_index(f"client:{name}", context=CONTEXT)}


def _user(keyring: Keyring, name: str) -> dict[str, str]:
    totp = bytes.fromhex(keyring.blind_index(f"totp:{name}", context=CONTEXT))[:20]
    return {
        "username": name,
        "password": keyring.blind_index(f"password:{name}", context=CONTEXT)[:32],
        "totp_secret": base64.b32encode(totp).decode(),
    }
