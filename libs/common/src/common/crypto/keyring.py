"""Named keys from a secret file: AES-256-GCM for fields, HMAC-SHA-256 for blind indexes.

The file is JSON: `{"encryption": {"active": ID, "keys": {ID: KEY}}, "index": {...}}`, a key being 32 bytes in
unpadded base64url. New values use the active key, old ones are read with the key they name. Encryption and
index keys are separate: whoever may search need not be able to read.
"""

import base64
import binascii
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.problems import Problem, Text

__all__ = ["DataKey", "DecryptionFailed", "InvalidKeyring", "Keyring", "generate_keyring", "rotate_keyring"]

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[a-z][a-z0-9]{0,15}")
_FORBIDDEN_MODE = 0o037  # others nothing, the group at most reads (a secret mounted for a non-root pod)


class InvalidKeyring(ValueError):
    """The keyring file is missing, open to others, or not of the format. It stops the start."""


class DecryptionFailed(Problem):
    """A stored value was altered, moved to another field, or its key is not in the keyring."""

    type = "/problems/stored-value-unreadable"
    title = Text("已存数据无法解密", "A stored value cannot be decrypted")
    status = 503


class Keyring:
    """Encrypts and finds single fields. Thread-safe; shows nothing of its keys in `repr`."""

    __slots__ = ("_ciphers", "_encryption_id", "_index_id", "_index_keys", "_subkeys")

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._encryption_id, encryption = _section(content, "encryption")
        self._index_id, self._index_keys = _section(content, "index")
        if set(content) != {"encryption", "index"}:
            raise InvalidKeyring("a keyring has exactly the parts encryption and index")
        if set(encryption.values()) & set(self._index_keys.values()):
            raise InvalidKeyring("one key serves for encryption and index")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in encryption.items()}
        self._subkeys: dict[tuple[str, str], bytes] = {}

    @classmethod
    def from_file(cls, path: Path | str, *, production: bool = False) -> Self:
        """Reads the file; `production` refuses one that others may read or the group may change."""
        file = Path(path)
        try:
            if production and (mode := file.stat().st_mode & 0o777) & _FORBIDDEN_MODE:
                raise InvalidKeyring(f"{file} is open to others (mode {mode:o}); set 600")
            content = json.loads(file.read_text(encoding="utf-8"))
        except OSError as failure:
            raise InvalidKeyring(f"{file} cannot be read: {failure.strerror}") from failure
        except ValueError as failure:
            if isinstance(failure, InvalidKeyring):
                raise
            raise InvalidKeyring(
                f"{file} is no JSON"
            ) from None  # the parser's message would quote the secret
        if not isinstance(content, dict):
            raise InvalidKeyring(f"{file} holds no keyring")
        return cls(content)

    @property
    def active_key_id(self) -> str:
        """The key new values are encrypted with."""
        return self._encryption_id

    @property
    def index_key_id(self) -> str:
        """The key of the index that new rows carry; store it beside the index to know what to rebuild."""
        return self._index_id

    def encrypt(self, text: str, *, context: str) -> str:
        """`KEYID.BASE64URL` of nonce, ciphertext and tag; `context` names the field ("complaints.phone")."""
        key_id = self._encryption_id
        return f"{key_id}.{_seal(self._ciphers[key_id], text, key_id, context)}"

    def decrypt(self, token: str, *, context: str) -> str:
        """The text again. Raises DecryptionFailed for anything but the very token made for this context."""
        key_id, _, body = token.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise DecryptionFailed
        return _open(cipher, body, key_id, context)

    def is_current(self, token: str) -> bool:
        """Whether the token is under the active key; if not, re-encrypt before the old key goes."""
        return token.partition(".")[0] == self._encryption_id

    def blind_index(self, value: str, *, context: str) -> str:
        """Lower-case hex HMAC of `value`, normalised by the caller; equal only within a context."""
        return self._index(self._index_id, value, context)

    def blind_indexes(self, value: str, *, context: str) -> list[str]:
        """The index under each known key, the active first: what to look for while it is rebuilt."""
        ids = [self._index_id, *sorted(set(self._index_keys) - {self._index_id})]
        return [self._index(key_id, value, context) for key_id in ids]

    def _index(self, key_id: str, value: str, context: str) -> str:
        subkey = self._subkeys.get((key_id, context))
        if subkey is None:
            subkey = hmac.digest(self._index_keys[key_id], b"blind-index\0" + context.encode(), sha256)
            self._subkeys[key_id, context] = subkey
        return hmac.digest(subkey, value.encode(), sha256).hex()

    def __repr__(self) -> str:
        return f"Keyring(encryption={self._encryption_id}, index={self._index_id})"


class DataKey:
    """A key for one record, kept wrapped beside it: destroying that destroys the text."""

    __slots__ = ("_cipher", "_key")
    _ID = "d1"

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def unwrap(cls, token: str, keyring: Keyring, *, context: str) -> Self:
        """The key from the form `wrap` gave. Raises DecryptionFailed."""
        return cls(_decode(keyring.decrypt(token, context=context)))

    def wrap(self, keyring: Keyring, *, context: str) -> str:
        """The form to store: the key, encrypted under the keyring."""
        return keyring.encrypt(_encode(self._key), context=context)

    def encrypt(self, text: str, *, context: str) -> str:
        """As Keyring.encrypt, under this key."""
        return f"{self._ID}.{_seal(self._cipher, text, self._ID, context)}"

    def decrypt(self, token: str, *, context: str) -> str:
        """As Keyring.decrypt, under this key."""
        key_id, _, body = token.partition(".")
        if key_id != self._ID:
            raise DecryptionFailed
        return _open(self._cipher, body, key_id, context)

    def encrypt_bytes(self, data: bytes, *, context: str) -> bytes:
        """Nonce, ciphertext and tag of a piece of a file; `context` names the file and the piece's place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, _bound(self._ID, context))

    def decrypt_bytes(self, sealed: bytes, *, context: str) -> bytes:
        """The piece again. Raises DecryptionFailed for anything but the very bytes made for this context."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(self._ID, context)
            )
        except (ValueError, InvalidTag) as failure:
            raise DecryptionFailed from failure


def generate_keyring() -> dict[str, Any]:
    """A new keyring's file content, with keys `k1` and `i1`."""
    return {
        "encryption": {"active": "k1", "keys": {"k1": _new_key()}},
        "index": {"active": "i1", "keys": {"i1": _new_key()}},
    }


def rotate_keyring(content: Mapping[str, Any], section: str = "encryption") -> dict[str, Any]:
    """The same keyring with one more key in `section` ("encryption" or "index"), and that one active."""
    Keyring(content)
    keys = dict(content[section]["keys"])
    prefix = "k" if section == "encryption" else "i"
    number = next(n for n in range(len(keys) + 1, len(keys) * 2 + 2) if f"{prefix}{n}" not in keys)
    keys[f"{prefix}{number}"] = _new_key()
    return {**content, section: {"active": f"{prefix}{number}", "keys": keys}}


def _section(content: Mapping[str, Any], name: str) -> tuple[str, dict[str, bytes]]:
    part = content.get(name)
    if not isinstance(part, dict) or set(part) != {"active", "keys"} or not isinstance(part["keys"], dict):
        raise InvalidKeyring(f"keyring part {name} must hold active and keys")
    keys: dict[str, bytes] = {}
    for key_id, encoded in part["keys"].items():
        try:
            key = _decode(encoded)
        except (ValueError, AttributeError, TypeError):
            key = b""
        if len(key) != _KEY_BYTES or not _KEY_ID.fullmatch(key_id):
            raise InvalidKeyring(f"keyring part {name}: key {key_id!r} is not 32 bytes of base64url")
        keys[key_id] = key
    if part["active"] not in keys:
        raise InvalidKeyring(f"keyring part {name}: the active key is missing")
    return part["active"], keys


def _new_key() -> str:
    return _encode(secrets.token_bytes(_KEY_BYTES))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: the one unpadded spelling only, so no two tokens mean the same bytes."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:
        raise binascii.Error("not canonical")
    return data


def _bound(key_id: str, context: str) -> bytes:
    return f"{key_id}\0{context}".encode()


def _seal(cipher: AESGCM, text: str, key_id: str, context: str) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _encode(nonce + cipher.encrypt(nonce, text.encode(), _bound(key_id, context)))


def _open(cipher: AESGCM, body: str, key_id: str, context: str) -> str:
    try:
        data = _decode(body)
        if len(data) < _NONCE_BYTES + _TAG_BYTES:
            raise DecryptionFailed
        return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(key_id, context)).decode()
    except (ValueError, InvalidTag) as failure:
        raise DecryptionFailed from failure
