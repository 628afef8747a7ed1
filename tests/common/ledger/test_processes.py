"""The real processes over real HTTP: a witness that is killed, and a live log read by its address."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from common.ledger.cosigner import Conflict, WitnessClient
from common.ledger.errors import Reason, Refused
from common.ledger.note import VerifierKey
from common.ledger.signer import create_witness_key
from common.ledger.verify import http_source, verify_log
from tourtrust.runtime.processes import free_port

from .conftest import until
from .test_log_routes import PREFIX, sample_app
from .test_sequencer import until_drained
from .test_witness import KEYS, submission


@asynccontextmanager
async def witness_process(home, port: int):
    """The witness as operators run it; killed at the end, never stopped in order."""
    environment = os.environ | {
        "WITNESS_KEY_FILE": str(home / "witness.key"),
        "WITNESS_STATE_FILE": str(home / "seen.json"),
        "WITNESS_LOGS_FILE": str(home / "logs"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uvicorn", "--factory", "common.web.witness:create_app",
        "--port", str(port), "--log-level", "warning",
        env=environment,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_a_witness_that_is_killed_remembers(witness_files):
    key = create_witness_key(witness_files / "witness.key", "witness.example/w1")
    (witness_files / "logs").write_text("".join(f"{item}\n" for item in KEYS))
    port = free_port()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

        async def answers() -> bool:
            try:
                return (await http.get("/healthz")).status_code == 200
            except httpx.TransportError:
                return False

        client = WitnessClient(str(http.base_url), key, http)
        async with witness_process(witness_files, port):
            await until(answers, 20)
            await client.add(submission(0, 20))
        async with witness_process(witness_files, port):
            await until(answers, 20)
            assert await client.add(submission(0, 10)) == Conflict(20)
            assert (await client.add(submission(20, 30))).names(key)


async def test_a_log_is_walked_by_its_address(stored_log, tmp_path):
    app = sample_app(stored_log, tmp_path)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="on"))
    serving = asyncio.create_task(server.serve())
    try:
        stored_log.signer = await _signer(app)
        for number in range(5):
            await stored_log.append(number)
        await until_drained(stored_log, 5)
        source = http_source(f"http://127.0.0.1:{port}{PREFIX}/log/")
        key = str(stored_log.signer.newest().verifier)
        assert (await asyncio.to_thread(verify_log, source, key)).size == 5
        assert VerifierKey.parse(key).name == stored_log.signer.origin
    finally:
        server.should_exit = True
        await serving
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(verify_log, source, key)
    assert refused.value.reason is Reason.MISSING_PART


async def _signer(app):
    async def started() -> bool:
        return hasattr(app.state, "log")

    await until(started)
    return app.state.log
