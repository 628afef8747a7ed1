"""A sequencer as a process of its own, to be killed: `python run_log.py URL KEY_FILE [WITNESS_URL WITNESS_KEY]`."""

import asyncio
import sys
from pathlib import Path

import httpx
from common.clock import SystemClock
from common.crypto import Keyring, generate_keyring
from common.db import Database
from common.ledger.cosigner import Cosigner, WitnessClient
from common.ledger.note import VerifierKey
from common.ledger.sequencer import Sequencer, direct_engine
from common.ledger.signer import LogSigner, read_keys
from common.ledger.status import LogStatus


async def main(url: str, key_file: str, witness_url: str = "", witness_key: str = "") -> None:
    path = Path(key_file)
    signer = LogSigner(read_keys(path)[0].name, path, Keyring(generate_keyring()))
    status = LogStatus("test")
    database = Database(url)
    async with httpx.AsyncClient() as http:
        make_cosigner = None
        if witness_url:
            witness = WitnessClient(witness_url, VerifierKey.parse(witness_key), http)
            make_cosigner = lambda: Cosigner(database, witness, status)  # noqa: E731
        await Sequencer(direct_engine(url), signer, SystemClock(), status, make_cosigner).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
