"""A service with a log: its public routes, walked by the offline verifier; readiness; bad input."""

import asyncio
from datetime import UTC, datetime

import pytest
from common.ledger import get_receipt, ledger_part, rotate
from common.ledger.checkpoint import open_live_checkpoint
from common.ledger.note import VerifierKey
from common.ledger.signer import MissingKey, create_log_key
from common.ledger.tree import check_consistency, check_inclusion, leaf_hash
from common.ledger.verify import verify_log, verify_receipt
from common.settings import ServiceSettings
from common.testing import api_client, test_settings
from common.web import create_service_app
from common.web.log import log_operations, log_router

from .conftest import ORIGIN, until
from .test_sequencer import until_drained

PREFIX = "/api/v1/sample"


def sample_app(log, tmp_path, **options):
    settings = test_settings(
        ServiceSettings,
        tmp_path,
        log.url,
        **({"log_origin": ORIGIN, "log_key_file": log.signer.key_file} | options),
    )
    return create_service_app(
        name="sample",
        title="Sample",
        settings=settings,
        migrations=None,
        routers=[log_router(PREFIX)],
        public=log_operations(PREFIX),
        lifespan_parts=[ledger_part()],
    )


async def test_a_live_log_is_served_and_walked(stored_log, tmp_path):
    app = sample_app(stored_log, tmp_path)
    async with api_client(app) as client:
        stored_log.signer = app.state.log
        for number in range(300):
            await stored_log.append(number)
        await until_drained(stored_log, 300)
        async with stored_log.database.session() as session:
            new = await rotate(session, log=stored_log.signer, now=datetime.now(UTC))
        await until_drained(stored_log, 301)
        await stored_log.append(301)
        await until_drained(stored_log, 302)
        keys = (await client.get(f"{PREFIX}/log/keys")).json()
        old = keys["keys"][0]["key"]
        assert [item["key"] for item in keys["keys"]] == [old, str(new)]
        assert keys["keys"][0]["last_size"] == 301 and keys["keys"][1]["last_size"] is None

        loop = asyncio.get_running_loop()

        def fetch(path: str) -> bytes | None:
            answer = asyncio.run_coroutine_threadsafe(client.get(f"{PREFIX}/log/{path}"), loop).result()
            return answer.content if answer.status_code == 200 else None

        for key in (old, str(new)):
            verdict = await asyncio.to_thread(verify_log, fetch, key)
            assert (verdict.size, verdict.key) == (302, str(new))

        live = await client.get(f"{PREFIX}/log/checkpoint")
        assert live.headers["content-type"] == "text/plain; charset=utf-8"
        checkpoint = open_live_checkpoint(live.text, [new]).checkpoint
        bundle = (await client.get(f"{PREFIX}/log/tile/entries/000")).content
        entry = bundle[2 : 2 + int.from_bytes(bundle[:2], "big")]
        proof = (await client.get(f"{PREFIX}/log/proofs/inclusion?index=0&size=302")).json()
        hashes = [bytes.fromhex(item) for item in proof["inclusion_proof"]]
        check_inclusion(leaf_hash(entry), 0, 302, hashes, checkpoint.root)
        announced = open_live_checkpoint(keys["keys"][1]["announced_under"], [VerifierKey.parse(old)])
        proof = (await client.get(f"{PREFIX}/log/proofs/consistency?from=301&to=302")).json()
        hashes = [bytes.fromhex(item) for item in proof["consistency_proof"]]
        check_consistency(301, 302, announced.checkpoint.root, checkpoint.root, hashes)

        async with stored_log.database.session() as session:
            receipt = await get_receipt(session, log=app.state.log, id="entry-299", version=1)
        assert verify_receipt(receipt.encode(), old, b'{"n":299}').document_checked
        ready = (await client.get("/readyz")).json()
        assert ready["status"] == "ok"


async def test_what_is_not_there_and_what_is_nonsense(stored_log, tmp_path):
    async with api_client(sample_app(stored_log, tmp_path)) as client:
        await until_drained(stored_log, 0)
        await stored_log.append(0)
        await until_drained(stored_log, 1)
        for path, status in [
            ("tile/0/000.p/1", 200),
            ("tile/entries/000.p/1", 200),
            ("tile/0/000", 404),
            ("tile/0/000.p/2", 404),
            ("tile/1/000.p/1", 404),
            ("tile/0/001.p/1", 404),
            ("tile/0/0", 404),
            ("tile/0/x000/000", 404),
            ("tile/0/x999/x999/x999/x999/x999/999", 404),
            ("tile/63/000", 404),
            ("tile/64/000", 422),
            ("tile/00/000", 422),
            ("tile/-1/000", 422),
            ("tile/entries/000", 404),
            ("tile/entries/000.p/2", 404),
            ("tile/entries/x999/x999/x999/x999/x999/999", 404),
            ("tile/entries/..%2f..", 404),
            ("tile/entries/%00", 404),
            ("proofs/inclusion?index=0&size=1", 200),
            ("proofs/inclusion?index=1&size=1", 422),
            ("proofs/inclusion?index=0&size=2", 422),
            ("proofs/inclusion?index=0&size=0", 422),
            ("proofs/inclusion?index=-1&size=1", 422),
            ("proofs/inclusion?index=a&size=1", 422),
            ("proofs/inclusion?index=0", 422),
            ("proofs/inclusion?index=0&size=99999999999999999999999", 422),
            ("proofs/consistency?from=0&to=1", 200),
            ("proofs/consistency?from=1&to=1", 200),
            ("proofs/consistency?from=1&to=0", 422),
            ("proofs/consistency?from=0&to=2", 422),
            ("nothing", 404),
        ]:
            answer = await client.get(f"{PREFIX}/log/{path}")
            assert answer.status_code == status, (path, answer.text)
            if status != 200:
                assert answer.headers["content-type"] == "application/problem+json"
        assert "immutable" in (await client.get(f"{PREFIX}/log/tile/0/000.p/1")).headers["cache-control"]


async def test_a_log_that_has_not_begun(stored_log, tmp_path):
    app = sample_app(stored_log, tmp_path)
    app.router.lifespan_context = _no_parts(stored_log)
    async with api_client(app) as client:
        for path in ("checkpoint", "tile/entries/000", "proofs/inclusion?index=0&size=1"):
            assert (await client.get(f"{PREFIX}/log/{path}")).status_code == 503
        assert (await client.get(f"{PREFIX}/log/keys")).json() == {"log_origin": ORIGIN, "keys": []}


def _no_parts(log):
    """A lifespan without sequencer: the service runs where another process is to lead and has not yet."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app):
        app.state.log = log.signer
        yield
        await app.state.db.dispose()

    return lifespan


@pytest.mark.parametrize(
    "options",
    [
        {"log_origin": None},
        {"log_key_file": None},
        {"log_origin": "log.example/other"},
        {"witness_url": "http://witness"},
        {"witness_url": "http://witness", "witness_key": "LOG"},
    ],
)
async def test_a_service_does_not_start_without_its_keys(stored_log, tmp_path, options):
    if options.get("witness_key") == "LOG":
        options = options | {"witness_key": str(create_log_key(tmp_path / "w.key", ORIGIN))}
    with pytest.raises(MissingKey):
        async with api_client(sample_app(stored_log, tmp_path, **options)):
            pass


async def test_readiness_names_a_witness_that_is_away(stored_log, tmp_path, witness_key):
    app = sample_app(
        stored_log, tmp_path, witness_url="http://127.0.0.1:9", witness_key=str(witness_key.verifier)
    )
    async with api_client(app) as client:

        async def degraded() -> bool:
            return "ledger" in (await client.get("/readyz")).json()["degraded"]

        await until(degraded)
        assert (await client.get("/readyz")).status_code == 200
