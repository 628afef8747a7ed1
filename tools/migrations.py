"""`alembic check` for every service, on a real server: what the migrations build is what the models say."""

import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.util.exc import CommandError
from common.db import migrations_folder
from common.migrations import alembic_config, migrate
from tourtrust.runtime.postgres import PostgresServer
from tourtrust.runtime.vault import SERVICES


def main() -> int:
    """Build each database from nothing and compare; 1 when a migration is missing."""
    home = Path(tempfile.mkdtemp(prefix="tourtrust-migrations-"))
    home.chmod(0o711)
    server = PostgresServer(home / "postgres", password=secrets.token_hex(16), durable=False)
    failed = []
    try:
        server.start()
        for service in SERVICES:
            url = server.create_database(f"tourtrust_{service}", owner=service)
            folder = migrations_folder(service)
            try:
                migrate(url, folder)
                command.check(alembic_config(url, folder))
                print(f"{service}: the migrations build what the models say")
            except CommandError as error:
                failed.append(service)
                print(f"{service}: {error}")
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
