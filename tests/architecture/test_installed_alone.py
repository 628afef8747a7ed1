"""Each service installs from its own lock, with only itself and common, and starts on a real database."""

import contextlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import textwrap
import venv
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from common.crypto import generate_keyring
from tourtrust.runtime.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "gateway": "gateway",
    "credit": "services/credit",
    "complaints": "services/complaints",
    "contracts": "services/contracts",
}

START = """
    import asyncio, importlib, importlib.util, os, sys
    name = sys.argv[1]
    present = [other for other in sys.argv[2:] if importlib.util.find_spec(other)]
    assert present == [], present
    from common.db import migrations_folder
    from common.migrations import migrate
    assert "site-packages" in str(migrations_folder(name)), migrations_folder(name)
    migrate(os.environ[f"{name.upper()}_DATABASE_URL"], migrations_folder(name))
    app = importlib.import_module(f"{name}.main").create_app()

    async def ask():
        import httpx
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                answer = await client.get("/healthz")
                assert answer.status_code == 200, answer.text
                print("started", name)

    asyncio.run(ask())
"""


def _environment(service: str, url: str, keys: Path) -> dict[str, str]:
    """What `tourtrust keys init` and an operator would give the service, without NATS and witness."""
    prefix = service.upper()
    keyring = keys / f"{service}.keyring.json"
    keyring.write_text(json.dumps(generate_keyring()), "ascii")
    keyring.chmod(0o600)
    environment = {f"{prefix}_DATABASE_URL": url, f"{prefix}_KEYRING_FILE": str(keyring)}
    if service in {"credit", "contracts"}:
        from common.ledger.signer import create_log_key

        create_log_key(keys / f"{service}.log.key", f"tourtrust.test/{service}")
        environment |= {
            f"{prefix}_LOG_ORIGIN": f"tourtrust.test/{service}",
            f"{prefix}_LOG_KEY_FILE": str(keys / f"{service}.log.key"),
        }
    return {"PATH": os.environ["PATH"], "HOME": str(keys), "LC_ALL": "C.UTF-8", **environment}


@pytest.mark.full
@pytest.mark.parametrize("service", FOLDERS)
def test_it_installs_from_its_own_lock_and_starts(
    service: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    folder = FOLDERS[service]
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", f"{folder}/requirements.lock"], cwd=ROOT, check=True)
    subprocess.run([*pip, "--no-deps", "./libs/common", f"./{folder}"], cwd=ROOT, check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    _start(python, service, tmp_path, postgres)


@pytest.mark.parametrize("service", FOLDERS)
def test_it_starts_with_what_its_lock_names_and_nothing_else(
    service: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    """The quick form, without a network: our two wheels, and what the lock names."""
    folder = FOLDERS[service]
    venv.create(tmp_path / "venv", with_pip=False)
    (site,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    for name in re.findall(
        r"^([A-Za-z0-9][\w.-]*)==", (ROOT / folder / "requirements.lock").read_text(), re.M
    ):
        _lend(name, site)
    for package in ("libs/common", folder):
        out = tmp_path / "wheels"
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
        subprocess.run(build, cwd=ROOT / package, check=True, capture_output=True)
    for wheel in out.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(site)
    _start(str(tmp_path / "venv" / "bin" / "python"), service, tmp_path, postgres)


def _lend(name: str, site: Path) -> None:
    """Link an installed distribution into another environment; one for other platforms is not installed.

    With what was compiled of it, which holds for the link too: the file has the same age and size.
    """
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            if ".." not in file.parts and file.parent.name != "__pycache__":
                _link(Path(str(distribution.locate_file(file))), site / file)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source)
    if source.suffix == ".py":
        compiled = Path(cache_from_source(source))
        if compiled.exists():
            (target.parent / "__pycache__").mkdir(exist_ok=True)
            (target.parent / "__pycache__" / compiled.name).symlink_to(compiled)


def _start(python: str, service: str, folder: Path, postgres: PostgresServer) -> None:
    url = postgres.create_database(
        f"alone_{service}_{folder.name[:20]}".replace("-", "_"), owner=f"alone_{service}"
    )
    others = [*(other for other in FOLDERS if other != service), "tourtrust"]
    environment = _environment(service, url, folder)
    outcome = subprocess.run(
        [python, "-P", "-c", textwrap.dedent(START), service, *others],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert f"started {service}\n" in outcome.stdout
