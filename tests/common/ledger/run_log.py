"""A sequencer as a process of its own, to be killed: `python run_log.py URL KEY_FILE`."""

import asyncio
import sys
from pathlib import Path

from common.clock import SystemClock
from common.crypto import Keyring, generate_keyring
from common.ledger.sequencer import Sequencer, direct_engine
from common.ledger.signer import LogSigner, read_keys
from common.ledger.status import LogStatus


async def main(url: str, key_file: str) -> None:
    path = Path(key_file)
    signer = LogSigner(read_keys(path)[0].name, path, Keyring(generate_keyring()))
    await Sequencer(direct_engine(url), signer, SystemClock(), LogStatus("test")).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
