"""A worker of imports as a process of its own, to be killed: `run_imports.py URL KEYRING LOG_KEY ORIGIN`."""

import asyncio
import sys
from pathlib import Path

from common.clock import SystemClock
from common.crypto import Keyring
from common.db import Database
from common.ledger import LogSigner
from credit.environment import Environment
from credit.imports import worker
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook

CHUNK = 25


async def main(url: str, keyring_file: str, log_key: str, origin: str) -> None:
    worker.MAX_ROWS = CHUNK
    keyring = Keyring.from_file(keyring_file)
    signer = LogSigner(origin, Path(log_key), keyring)
    env = Environment(SystemClock(), keyring, Rulebook.load(FOLDER), signer)
    await worker.ImportWorker(Database(url, pool_size=1), env).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
