"""argon2id in threads: 64 MiB and some 50 ms each, so never on the event loop and never many at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

__all__ = ["Passwords"]


class Passwords:
    """Hashes and checks secrets. `verify` takes the same time whether there is a hash to compare or not."""

    def __init__(self, workers: int = 2) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._nobody: str | None = None

    async def hash(self, secret: str) -> str:
        """The argon2id hash of a secret."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, secret)

    async def verify(self, secret: str, known: str | None) -> bool:
        """Whether `secret` belongs to the hash; without one, False after as much work."""
        if known is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody")
            await self._verify(secret, self._nobody)
            return False
        return await self._verify(secret, known)

    async def _verify(self, secret: str, known: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hasher.verify, secret, known
        )

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
