"""The log's own keys: read from a secret file, never from the database or its backup.

The file holds one C2SP signer key (`PRIVATE+KEY+...`) a line, oldest first. Which one signs follows from the
keys that the log itself has announced; a new key signs nothing before that.
"""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignerKey, VerifierKey

__all__ = [
    "LogSigner",
    "MissingKey",
    "SaltCipher",
    "add_log_key",
    "create_log_key",
    "create_witness_key",
    "read_keys",
]

INCLUDE_WITHIN = timedelta(seconds=60)


class MissingKey(Exception):
    """The key file does not hold the key that the log must sign with."""


class SaltCipher(Protocol):
    """What the log needs of the keyring."""

    def encrypt(self, text: str, *, context: str) -> str: ...
    def decrypt(self, token: str, *, context: str) -> str: ...


def read_keys(path: Path) -> list[SignerKey]:
    """The keys of a secret file, oldest first.

    Raises:
        MissingKey: there is no such file, or none in it.
        Refused: a line is no key.
    """
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except FileNotFoundError as error:
        raise MissingKey(f"no key file {path}") from error
    except UnicodeDecodeError as error:
        raise Refused(Reason.MALFORMED_KEY) from error
    keys = [SignerKey.parse(line) for line in lines if line]
    if not keys:
        raise MissingKey(f"no key in {path}")
    return keys


def _write(path: Path, keys: list[SignerKey]) -> None:
    """Replace the file at once, readable by its owner only, and on disk before this returns."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(key.encode() + "\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def _create(path: Path, name: str, algorithm: Algorithm) -> VerifierKey:
    if not path.exists():
        _write(path, [SignerKey.generate(name, algorithm)])
    key = read_keys(path)[-1].verifier
    if (key.name, key.algorithm) != (name, algorithm):
        raise MissingKey(f"{path} holds a key of another name or kind")
    return key


def create_log_key(path: Path, origin: str) -> VerifierKey:
    """Make the key file of a log unless it is there; gives the newest verifier key."""
    return _create(path, origin, Algorithm.NOTE)


def create_witness_key(path: Path, name: str) -> VerifierKey:
    """Make the key file of a witness unless it is there; gives its verifier key."""
    return _create(path, name, Algorithm.COSIGNATURE)


def add_log_key(path: Path) -> VerifierKey:
    """Add a new key behind the ones in the file. It signs nothing until the log announces it."""
    keys = read_keys(path)
    new = SignerKey.generate(keys[-1].name, keys[-1].algorithm)
    _write(path, [*keys, new])
    return new.verifier


class LogSigner:
    """A log as its service holds it: origin, keys, the cipher for salts, and the time it promises."""

    def __init__(
        self, origin: str, key_file: Path, cipher: SaltCipher, *, include_within: timedelta = INCLUDE_WITHIN
    ) -> None:
        """Read the keys.

        Raises:
            MissingKey: no key, or one of another origin.
        """
        self.origin = origin
        self.cipher = cipher
        self.include_within = include_within
        self.key_file = key_file
        self._read_at = -1
        self._keys: list[SignerKey] = []
        self._refresh()

    def _refresh(self) -> None:
        """Read the file again when it has changed: keys are rotated without a restart."""
        try:
            changed_at = self.key_file.stat().st_mtime_ns
        except FileNotFoundError as error:
            raise MissingKey(f"no key file {self.key_file}") from error
        if changed_at != self._read_at:
            keys = read_keys(self.key_file)
            if any((key.name, key.algorithm) != (self.origin, Algorithm.NOTE) for key in keys):
                raise MissingKey(f"{self.key_file} holds a key that is not of {self.origin}")
            self._keys, self._read_at = keys, changed_at

    def newest(self) -> SignerKey:
        """The last key of the file."""
        self._refresh()
        return self._keys[-1]

    def only_key(self) -> SignerKey | None:
        """The key of a file that holds just one."""
        self._refresh()
        return self._keys[0] if len(self._keys) == 1 else None

    def key(self, verifier: str) -> SignerKey:
        """The signing half of an announced key.

        Raises:
            MissingKey: it is not in the file.
        """
        self._refresh()
        for key in self._keys:
            if str(key.verifier) == verifier:
                return key
        raise MissingKey(f"{self.key_file} does not hold the key {verifier}")
