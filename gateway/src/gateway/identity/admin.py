"""What an administrator does to principals: functions for the command line, each one transaction."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp
from common.crypto import Keyring
from common.db import Database, new_id
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.config import Settings
from gateway.identity.models import Client, User
from gateway.identity.passwords import Passwords
from gateway.identity.repository import IdentityRepository
from gateway.identity.rules import check_kind, check_regions, check_scopes, normal_username
from gateway.identity.service import TOTP_CONTEXT
from gateway.keys.service import KeyService
from gateway.tokens.repository import TokenRepository
from gateway.tokens.rules import CONSOLE, GUEST

__all__ = ["Admin", "Principal"]

RESERVED = frozenset({CONSOLE, GUEST})


@dataclass(frozen=True, slots=True)
class Principal:
    """What a client or user is granted."""

    kind: str
    scopes: tuple[str, ...]
    regions: tuple[str, ...] = ()
    department: str | None = None
    subject_id: UUID | None = None

    def fields(self) -> dict[str, Any]:
        """The columns of a client or user.

        Raises:
            ValueError: an unknown kind or scope, or a region that is no code.
        """
        return {
            "kind": check_kind(self.kind),
            "scopes": check_scopes(self.scopes, self.kind),
            "regions": check_regions(self.regions),
            "department": self.department,
            "subject_id": self.subject_id,
        }


class Admin:
    """Opens the identity database of `settings`; use it as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._db = Database(
            settings.database_url, statement_cache=settings.database_statement_cache, pool_size=3
        )
        self._keyring = Keyring.from_file(settings.keyring_file)
        self._passwords = Passwords()
        self._clock = settings.clock()

    async def __aenter__(self) -> "Admin":
        return self

    async def __aexit__(self, *error: object) -> None:
        self._passwords.close()
        await self._db.dispose()

    async def create_client(
        self,
        client_id: str,
        name: str,
        principal: Principal,
        *,
        secret: str | None = None,
        jwks: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Make a client and return its secret, which is shown this once; None when it signs with `jwks`.

        Raises:
            ValueError: the id is taken, reserved or not plain, or the grant or the keys are not valid.
        """
        if (
            client_id in RESERVED
            or not client_id.isascii()
            or not client_id.isprintable()
            or ":" in client_id
        ):
            raise ValueError(f"not usable as a client id: {client_id!r}")
        if jwks is None:
            secret = secret or secrets.token_urlsafe(32)
        hashed = await self._passwords.hash(secret) if secret and jwks is None else None
        async with self._db.session() as session:
            identities = IdentityRepository(session)
            if await identities.find_client(client_id) is not None:
                raise ValueError(f"client exists: {client_id}")
            await identities.add(
                Client(
                    client_id=client_id,
                    name=name,
                    secret_hash=hashed,
                    jwks=None if jwks is None else _public_only(jwks),
                    created_at=self._clock.now(),
                    **principal.fields(),
                )
            )
        return secret if jwks is None else None

    async def ensure_client(self, client_id: str, name: str, principal: Principal, secret: str) -> None:
        """Make a client with this secret, or bring the one that exists to this secret and grant."""
        async with self._db.session() as session:
            client = await IdentityRepository(session).find_client(client_id)
        if client is None:
            await self.create_client(client_id, name, principal, secret=secret)
            return
        same = client.secret_hash is not None and await self._passwords.verify(secret, client.secret_hash)
        hashed = client.secret_hash if same else await self._passwords.hash(secret)
        async with self._db.session() as session:
            row = await session.get_one(Client, client_id)
            row.secret_hash, row.jwks, row.disabled_at = hashed, None, None
            for column, value in principal.fields().items():
                setattr(row, column, value)

    async def disable_client(self, client_id: str) -> None:
        """Let a client in no more; its access tokens end by themselves within 15 minutes.

        Raises:
            ValueError: there is no such client.
        """
        async with self._db.session() as session:
            client = await IdentityRepository(session).find_client(client_id)
            if client is None:
                raise ValueError(f"no such client: {client_id}")
            client.disabled_at = self._clock.now()

    async def has_user(self, username: str) -> bool:
        """Whether the name is taken."""
        async with self._db.session() as session:
            return await IdentityRepository(session).find_user(normal_username(username)) is not None

    async def create_user(
        self, username: str, password: str, principal: Principal, *, totp_secret: str | None = None
    ) -> None:
        """Make a user; with a TOTP secret (base32), log-in needs a one-time password.

        Raises:
            ValueError: the name is taken, or the grant or the TOTP secret is not valid.
        """
        name = normal_username(username)
        if not name or len(name) > 100:
            raise ValueError("the name is empty or too long")
        if totp_secret is not None:
            pyotp.TOTP(totp_secret).byte_secret()
        hashed = await self._passwords.hash(password)
        async with self._db.session() as session:
            identities = IdentityRepository(session)
            if await identities.find_user(name) is not None:
                raise ValueError(f"user exists: {name}")
            encrypted = totp_secret and self._keyring.encrypt(totp_secret, context=TOTP_CONTEXT)
            await identities.add(
                User(
                    id=new_id(),
                    username=name,
                    password_hash=hashed,
                    totp_secret=encrypted,
                    created_at=self._clock.now(),
                    **principal.fields(),
                )
            )

    async def grant_user(self, username: str, principal: Principal) -> None:
        """Replace what a user may do; tokens issued before keep their scopes for at most 15 minutes.

        Raises:
            ValueError: there is no such user, or the grant is not valid.
        """
        async with self._db.session() as session:
            user = await IdentityRepository(session).find_user(normal_username(username), lock=True)
            if user is None:
                raise ValueError(f"no such user: {username}")
            for column, value in principal.fields().items():
                setattr(user, column, value)

    async def disable_user(self, username: str) -> None:
        """Close an account and end its log-ins with their access tokens.

        Raises:
            ValueError: there is no such user.
        """
        now = self._clock.now()
        async with self._db.session() as session:
            user = await IdentityRepository(session).find_user(normal_username(username), lock=True)
            if user is None:
                raise ValueError(f"no such user: {username}")
            user.disabled_at = now
            tokens = TokenRepository(session)
            for login in await tokens.open_logins(user.id):
                await tokens.revoke_login(login, now)

    async def rotate_key(self, *, compromised: bool = False) -> str:
        """Put a new signing key in place and return its id; see `KeyService.rotate`."""
        async with self._db.session() as session:
            return await KeyService(session, self._keyring).rotate(self._clock.now(), compromised=compromised)

    async def reencrypt(self, users: Iterable[str] = ()) -> int:
        """Encrypt signing keys, and the TOTP secrets of `users`, with the keyring's present key."""
        async with self._db.session() as session:
            count = await KeyService(session, self._keyring).reencrypt(self._clock.now())
            for username in users:
                user = await IdentityRepository(session).find_user(normal_username(username), lock=True)
                if user is not None and user.totp_secret and not self._keyring.is_current(user.totp_secret):
                    plain = self._keyring.decrypt(user.totp_secret, context=TOTP_CONTEXT)
                    user.totp_secret = self._keyring.encrypt(plain, context=TOTP_CONTEXT)
                    count += 1
        return count


def _public_only(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """The public halves of a client's keys.

    Raises:
        ValueError: not a JWK set of asymmetric keys.
    """
    try:
        keys = KeySet.import_key_set(json.loads(json.dumps(jwks)))
        public = [dict(key.as_dict(private=False)) for key in keys.keys]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ValueError("not a JWK set") from error
    if not public or any(key["kty"] == "oct" for key in public):
        raise ValueError("a client's keys must be asymmetric")
    return {"keys": public}
