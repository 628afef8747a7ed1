"""Making, retiring and reading signing keys."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from common.crypto import Keyring
from common.db import new_id
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.keys.models import SigningKey
from gateway.keys.repository import KeyRepository

__all__ = ["ALGORITHM", "KeyService"]

ALGORITHM = "ES256"
CONTEXT = "gateway.signing_key"
STILL_PUBLISHED = timedelta(minutes=30)
"""A retired key stays published until no token it signed can be good: 15 minutes of life, and slack."""


class KeyService:
    """Signing keys in the database of one session."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._keys = KeyRepository(session)
        self._keyring = keyring

    async def ensure(self, now: datetime) -> None:
        """Make the first key, if there is none."""
        if await self._keys.signing() is None:
            await self._keys.lock()
            if await self._keys.signing() is None:
                await self._keys.add(self._make(now))

    async def rotate(self, now: datetime, *, compromised: bool = False) -> str:
        """Retire the signing key, put a new one in its place, and return the new key's id.

        The retired key stays published for 30 minutes so that its tokens live out their 15; a compromised
        one disappears at once, and every token it signed with it.
        """
        await self._keys.lock()
        if (old := await self._keys.signing()) is not None:
            old.retired_at = now
            old.published_until = now if compromised else now + STILL_PUBLISHED
            await self._keys.flush()
        new = self._make(now)
        await self._keys.add(new)
        await self._keys.forget(now - timedelta(days=30))
        return new.kid

    async def published(self, now: datetime) -> list[ECKey]:
        """All published keys with their private halves, the newest first."""
        return [self._open(row) for row in await self._keys.published(now)]

    async def reencrypt(self, now: datetime) -> int:
        """Encrypt private halves anew that an older key of the keyring protects; return how many."""
        rows: Sequence[SigningKey] = [
            row for row in await self._keys.published(now) if not self._keyring.is_current(row.private_key)
        ]
        for row in rows:
            row.private_key = self._keyring.encrypt(
                self._keyring.decrypt(row.private_key, context=CONTEXT), context=CONTEXT
            )
        await self._keys.flush()
        return len(rows)

    def _make(self, now: datetime) -> SigningKey:
        kid = new_id().hex
        key = ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
        private = json.dumps(key.as_dict(private=True))
        return SigningKey(
            kid=kid,
            algorithm=ALGORITHM,
            public_jwk=dict(key.as_dict(private=False)),
            private_key=self._keyring.encrypt(private, context=CONTEXT),
            created_at=now,
        )

    def _open(self, row: SigningKey) -> ECKey:
        return ECKey.import_key(json.loads(self._keyring.decrypt(row.private_key, context=CONTEXT)))
