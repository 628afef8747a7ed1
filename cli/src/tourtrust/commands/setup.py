"""`tourtrust setup`: prepare the servers that the environment names, before applications start."""

from tourtrust.console import out, refuse_start

__all__ = ["setup"]


def setup() -> None:
    """迁移数据库并登记各服务的身份 / migrate the databases and register the services' own clients.

    Reads `*_DATABASE_URL` (or `*_DIRECT_DATABASE_URL`), `GATEWAY_KEYRING_FILE` and
    `*_SERVICE_CLIENT_SECRET`. Does nothing twice.
    """
    import os
    import tempfile
    from pathlib import Path

    from tourtrust.runtime.apps import external_databases
    from tourtrust.runtime.errors import StartError
    from tourtrust.runtime.schema import bring_to_head
    from tourtrust.seeding import register_services

    try:
        _, direct = external_databases(os.environ)
        with tempfile.TemporaryDirectory() as logs:
            migrated = bring_to_head(direct, Path(logs))
    except StartError as error:
        refuse_start(error)
    out.print(f"已迁移 / migrated: {', '.join(migrated) or '-'}")
    registered = register_services(os.environ)
    out.print(f"已登记 / registered: {', '.join(registered) or '-'}")
