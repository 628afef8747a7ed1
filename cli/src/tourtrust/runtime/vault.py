"""Secrets of one data directory: made once, in files that only we may read, never made anew."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from common.crypto import generate_keyring
from common.ledger.note import Algorithm, SignerKey, split_note
from common.ledger.signer import read_keys

from tourtrust.runtime.errors import StartError
from tourtrust.runtime.home import write_private

__all__ = ["LOGS", "ORIGIN", "SERVICES", "Vault"]

SERVICES = ("gateway", "credit", "complaints", "contracts")
LOGS = ("credit", "contracts")
ORIGIN = "tourtrust.local"


def _password() -> str:
    return secrets.token_urlsafe(32)


def _passwords() -> str:
    """Passwords of the database roles, the NATS users and the services' own OAuth clients."""
    content = {
        "superuser": _password(),
        "database": {service: _password() for service in SERVICES},
        "nats": {service: _password() for service in SERVICES},
        "client": {service: _password() for service in SERVICES},
    }
    return json.dumps(content, indent=1)


def _keyring() -> str:
    return json.dumps(generate_keyring(), indent=1)


def _log_key(name: str) -> str:
    return SignerKey.generate(name).encode() + "\n"


def _witness_key(name: str) -> str:
    return SignerKey.generate(name, Algorithm.COSIGNATURE).encode() + "\n"


def _makers(origin: str) -> dict[str, Callable[[], str]]:
    """How each secret is made; the logs and the witness are named under `origin`."""
    return {
        "passwords.json": _passwords,
        **{f"{service}.keyring.json": _keyring for service in SERVICES},
        **{f"{service}.log.key": partial(_log_key, f"{origin}/{service}") for service in LOGS},
        "witness.key": partial(_witness_key, f"{origin}/witness"),
    }


@dataclass(frozen=True)
class Vault:
    """The secrets in `folder`."""

    folder: Path
    superuser: str = field(repr=False)
    database: dict[str, str] = field(repr=False)
    nats: dict[str, str] = field(repr=False)
    client: dict[str, str] = field(repr=False)

    @classmethod
    def open(cls, folder: Path, origin: str = ORIGIN) -> "Vault":
        """The vault, with what it never held before made now; new logs are named under `origin`.

        Raises:
            StartError: a secret that was made once is gone; a new one would make stored data unreadable.
        """
        manifest = folder / "manifest.json"
        made: list[str] = json.loads(manifest.read_text("utf-8")) if manifest.exists() else []
        for name in made:
            if not (folder / name).exists():
                raise StartError(
                    f"密钥文件 {folder / name} 不见了;请从备份恢复,否则已存数据无法读取",
                    f"the secret {folder / name} is gone; restore it from a backup",
                )
        for name, make in _makers(origin).items():
            if name not in made:
                write_private(folder / name, make())
                made.append(name)
        write_private(manifest, json.dumps(made))
        return cls(folder, **json.loads((folder / "passwords.json").read_text("utf-8")))

    def keyring(self, service: str) -> Path:
        """The file of a service's keyring."""
        return self.folder / f"{service}.keyring.json"

    def log_key(self, service: str) -> Path:
        """The file of the key that signs a service's log."""
        return self.folder / f"{service}.log.key"

    @property
    def witness_key(self) -> Path:
        """The file of the witness's key."""
        return self.folder / "witness.key"

    def verifier(self, file: Path) -> str:
        """The public text form of the newest signing key in `file`."""
        return str(read_keys(file)[-1].verifier)

    def witness_logs(self) -> str:
        """The public keys of both logs, old ones included, a line each: what the witness believes."""
        keys = [key for service in LOGS for key in read_keys(self.log_key(service))]
        return "".join(f"{key.verifier}\n" for key in keys)

    def log_keys(self, checkpoints: Mapping[str, str]) -> dict[str, str]:
        """The public keys of both logs and of the witness, for whoever verifies offline.

        `checkpoints` holds the present checkpoint of each log that has one. After a rotation the new key
        stands in the file before it signs: the key that signed the present checkpoint is the one to give.
        """
        keys = {}
        for service in LOGS:
            known = [key.verifier for key in read_keys(self.log_key(service))]
            lines = split_note(checkpoints[service])[1] if service in checkpoints else []
            keys[service] = str(next((k for k in known if any(line.names(k) for line in lines)), known[-1]))
        return {**keys, "witness": self.verifier(self.witness_key)}
