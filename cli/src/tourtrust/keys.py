"""Making and rotating keys, by the code of those who use them."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from common.crypto import Keyring, rotate_keyring
from common.db import Database
from common.ledger import LogSigner, rotate
from common.ledger.signer import add_log_key
from common.ledger.store import list_keys

from tourtrust.runtime.home import Home, write_private
from tourtrust.runtime.vault import LOGS, SERVICES, Vault
from tourtrust.seeding import settings_of

__all__ = ["init_folder", "rotate_data_key", "rotate_log_key", "rotate_token_key"]

CONTAINER_UID = 10001


def init_folder(folder: Path, origin: str) -> Path:
    """Make all secrets of a deployment in `folder`, keep those that are there; gives the environment file.

    The logs are named `origin`/credit and `origin`/contracts, as the services' `*_LOG_ORIGIN` must say too.
    The files belong to the user whom the containers run as: the caller, or under root the images' own user.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    vault = Vault.open(folder, origin)
    uid = os.getuid() or CONTAINER_UID
    values = {"APP_UID": str(uid), "POSTGRES_PASSWORD": vault.superuser}
    for service in SERVICES:
        values[f"{service.upper()}_DATABASE_PASSWORD"] = vault.database[service]
        values[f"{service.upper()}_NATS_PASSWORD"] = vault.nats[service]
        values[f"{service.upper()}_CLIENT_SECRET"] = vault.client[service]
    values["WITNESS_KEY"] = vault.verifier(vault.witness_key)
    write_private(folder / "witness-logs.txt", vault.witness_logs())
    environment = folder / "platform.env"
    write_private(environment, "".join(f"{name}={value}\n" for name, value in values.items()))
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, uid, -1)
    return environment


def rotate_data_key(home: Home, service: str) -> str:
    """Give a service's keyring a new encryption key, active from the service's next start; gives its id."""
    file = home.secrets / f"{service}.keyring.json"
    content = rotate_keyring(json.loads(file.read_text("utf-8")))
    write_private(file, json.dumps(content, indent=1))
    return str(content["encryption"]["active"])


def rotate_token_key(environment: Mapping[str, str], *, compromised: bool) -> str:
    """Have the gateway sign new access tokens by a new key; gives its id."""
    from gateway.identity.admin import Admin

    async def work() -> str:
        async with Admin(settings_of("gateway", environment)) as admin:
            return await admin.rotate_key(compromised=compromised)

    return asyncio.run(work())


def rotate_log_key(home: Home, service: str, environment: Mapping[str, str]) -> str:
    """Give a log a new key, which its old key announces in the log; gives the new verifier key.

    The new key signs from the first entry after the announcement on. The witness is told first, or it would
    refuse the first checkpoint under the new key. Called again before the announcement, it changes nothing.
    """
    if service not in LOGS:
        raise ValueError(f"{service} has no log")
    settings = settings_of(service, environment)
    vault = Vault.open(home.secrets)
    file = vault.log_key(service)
    signer = LogSigner(settings.log_origin, file, Keyring.from_file(settings.keyring_file))

    async def work() -> str:
        database = Database(settings.database_url)
        try:
            async with database.session() as session:
                announced = [row.key for row in await list_keys(session)]
                if str(signer.newest().verifier) in announced:
                    add_log_key(file)
                write_private(home.witness_logs, vault.witness_logs())
                return str(await rotate(session, log=signer, now=settings.clock().now()))
        finally:
            await database.dispose()

    return asyncio.run(work())
