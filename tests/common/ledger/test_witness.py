"""The witness: cosigns what continues, refuses rollback and fork, remembers over restarts."""

import asyncio
import json
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
import pytest
from common.clock import SystemClock
from common.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from common.ledger.cosigner import Cosigner, WitnessClient
from common.ledger.errors import Refused
from common.ledger.models import checkpoints, cosignatures, leaves, promises, tiles
from common.ledger.note import SignerKey, VerifierKey
from common.ledger.sequencer import Sequencer, direct_engine
from common.ledger.signer import MissingKey, create_log_key, create_witness_key
from common.ledger.status import LogStatus
from common.ledger.store import latest_checkpoint
from common.ledger.tiles import prove, tree_root
from common.ledger.tree import EMPTY_ROOT, consistency_ranges
from common.ledger.witness import Submission, Witness, WitnessRefusal
from common.web.witness import WitnessSettings, create_app
from sqlalchemy import delete, func, select

from .conftest import ORIGIN, build_log, until

LOG = build_log(40)
KEYS = [LOG.signer.verifier]


def note(size: int, root: bytes | None = None, signer: SignerKey = LOG.signer) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root or at(size)), signer)


def at(size: int) -> bytes:
    return tree_root(size, LOG.tiles) if size else EMPTY_ROOT


def submission(old: int, new: int) -> Submission:
    return Submission(old, prove(consistency_ranges(old, new), LOG.tiles) if old else [], note(new))


def refused(witness: Witness, given: Submission, now) -> WitnessRefusal:
    with pytest.raises(WitnessRefusal) as refusal:
        witness.add(given, KEYS, now)
    return refusal.value


@pytest.fixture
def witness(witness_files, witness_key):
    witness = Witness(witness_key, witness_files / "seen.json")
    yield witness
    witness.close()


def test_it_follows_a_growing_log(witness, fixed_time, witness_key):
    for old, new in [(0, 0), (0, 3), (3, 4), (4, 4), (4, 7), (7, 32), (32, 40)]:
        given = submission(old, new)
        line = witness.add(Submission.decode(given.encode()), KEYS, fixed_time)
        opened = open_checkpoint(given.note + line, LOG.signer.verifier, [witness_key.verifier])
        assert opened.cosigned == {witness_key.verifier: fixed_time}


def test_it_refuses_rollback_and_fork(witness, fixed_time):
    witness.add(submission(0, 20), KEYS, fixed_time)
    rollback = refused(witness, submission(10, 20), fixed_time)
    assert (rollback.status, rollback.seen) == (HTTPStatus.CONFLICT, 20)
    assert refused(witness, submission(0, 10), fixed_time).seen == 20
    same_size = Submission(20, [], note(20, bytes(32)))
    assert refused(witness, same_size, fixed_time).seen == 20
    fork = Submission(20, submission(20, 30).proof, note(30, bytes(32)))
    assert refused(witness, fork, fixed_time).status == HTTPStatus.UNPROCESSABLE_ENTITY
    no_proof = Submission(20, [], note(30))
    assert refused(witness, no_proof, fixed_time).status == HTTPStatus.UNPROCESSABLE_ENTITY
    backwards = Submission(20, [], note(10))
    assert refused(witness, backwards, fixed_time).status == HTTPStatus.BAD_REQUEST
    assert witness.add(submission(20, 30), KEYS, fixed_time)


def test_it_refuses_strangers(witness, fixed_time):
    stranger = SignerKey.generate(ORIGIN)
    forged = Submission(0, [], note(5, signer=stranger))
    assert refused(witness, forged, fixed_time).status == HTTPStatus.FORBIDDEN
    other = SignerKey.generate("log.example/other")
    unknown = Submission(0, [], sign_checkpoint(Checkpoint(other.name, 5, bytes(32)), other))
    assert refused(witness, unknown, fixed_time).status == HTTPStatus.NOT_FOUND
    assert refused(witness, Submission(0, [], "nonsense"), fixed_time).status == HTTPStatus.BAD_REQUEST
    with_proof = Submission(0, [bytes(32)], note(5))
    assert refused(witness, with_proof, fixed_time).status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_it_remembers_over_restarts_and_alone(witness_files, witness_key, fixed_time):
    memory = witness_files / "seen.json"
    first = Witness(witness_key, memory)
    first.add(submission(0, 20), KEYS, fixed_time)
    with pytest.raises(BlockingIOError):
        Witness(witness_key, memory)
    first.close()
    second = Witness(witness_key, memory)
    assert refused(second, submission(0, 10), fixed_time).seen == 20
    second.close()
    for nonsense in ("", "{", "{}", "[1]", '["x"]'):
        memory.write_text(nonsense)
        with pytest.raises(Refused):
            Witness(witness_key, memory)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 5",
        b"old 05\n\n",
        b"new 5\n\nx",
        b"old 5\nAAAA\n\nx",
        b"old 5\n" + b"A" * 43 + b"=\n" * 64 + b"\n\nx",
        b"old 5\n\xff\n\nx",
    ],
)
def test_malformed_submissions(raw):
    with pytest.raises(Refused):
        Submission.decode(raw)


@asynccontextmanager
async def served(home, *log_keys: VerifierKey):
    """The witness's app with a client, and a switch to make it vanish."""
    key = create_witness_key(home / "witness.key", "witness.example/w1")
    (home / "logs").write_text("".join(f"{item}\n" for item in log_keys))
    app = create_app(
        WitnessSettings(key_file=home / "witness.key", state_file=home / "seen.json", logs_file=home / "logs")
    )
    away = asyncio.Event()
    lost = asyncio.Event()
    transport = httpx.ASGITransport(app)

    async def handle(request: httpx.Request) -> httpx.Response:
        if away.is_set():
            raise httpx.ConnectError("away")
        answer = await transport.handle_async_request(request)
        if lost.is_set():
            raise httpx.ReadError("the answer is lost")
        return answer

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://witness") as http,
    ):
        yield WitnessClient("http://witness/", key, http), http, away, lost


async def test_its_http_answers(witness_files):
    async with served(witness_files, *KEYS) as (client, http, _, _):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/key")).text == f"{client.key}\n"
        good = await http.post("/add-checkpoint", content=submission(0, 20).encode())
        assert good.status_code == 200 and good.text.startswith("— witness.example/w1 ")
        conflict = await http.post("/add-checkpoint", content=submission(0, 30).encode())
        assert (conflict.status_code, conflict.text) == (409, "20\n")
        assert conflict.headers["content-type"].startswith("text/x.tlog.size")
        assert (await http.post("/add-checkpoint", content=b"nonsense")).status_code == 400
        assert (await http.post("/add-checkpoint", content=b"x" * 70_000)).status_code == 413
        assert (await http.get("/add-checkpoint")).status_code == 405
        (witness_files / "logs").write_text("nonsense\n")
        assert (await http.post("/add-checkpoint", content=b"x")).status_code == 503


def test_it_does_not_start_with_a_logs_key(tmp_path):
    create_log_key(tmp_path / "log.key", ORIGIN)
    settings = WitnessSettings(
        key_file=tmp_path / "log.key", state_file=tmp_path / "seen", logs_file=tmp_path / "logs"
    )
    with pytest.raises(MissingKey):
        create_app(settings)
    with pytest.raises(ValueError, match="clock"):
        WitnessSettings(
            key_file=tmp_path / "k", state_file=tmp_path / "s", logs_file=tmp_path / "l", clock_file=tmp_path
        )


@asynccontextmanager
async def witnessed(log, client, monkeypatch):
    """A sequencer that has its checkpoints cosigned."""
    monkeypatch.setattr("common.ledger.cosigner.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("common.ledger.sequencer.GREETING_SECONDS", 1.0)
    status = LogStatus("test")
    engine = direct_engine(log.url)
    sequencer = Sequencer(
        engine, log.signer, SystemClock(), status, lambda: Cosigner(log.database, client, status)
    )
    task = asyncio.create_task(sequencer.run())
    try:
        yield status
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()


def all_cosigned(log, size: int):
    async def condition() -> bool:
        async with log.database.session() as session:
            head = await latest_checkpoint(session)
            signed = await session.scalar(select(func.count()).select_from(checkpoints))
            cosigned = await session.scalar(select(func.count()).select_from(cosignatures))
        return head is not None and head.size == size and signed == cosigned

    return condition


async def test_every_checkpoint_is_cosigned(stored_log, witness_files, monkeypatch):
    key = stored_log.signer.newest().verifier
    async with (
        served(witness_files, key) as (client, *_),
        witnessed(stored_log, client, monkeypatch) as status,
    ):
        for number in range(5):
            await stored_log.append(number)
            await asyncio.sleep(0.3)
        await until(all_cosigned(stored_log, 5))
        assert status.lack() is None
    async with stored_log.database.session() as session:
        head = await latest_checkpoint(session)
    assert open_checkpoint(head.cosigned(), key, [client.key]).checkpoint.size == 5


async def test_the_log_goes_on_without_its_witness(stored_log, witness_files, monkeypatch):
    key = stored_log.signer.newest().verifier
    async with served(witness_files, key) as (client, _, away, lost):
        away.set()
        async with witnessed(stored_log, client, monkeypatch) as status:
            await stored_log.append(0)

            async def signed() -> bool:
                async with stored_log.database.session() as session:
                    head = await latest_checkpoint(session)
                return head is not None and head.size == 1

            await until(signed)
            assert "not cosigned" in status.lack()
            away.clear()
            await until(all_cosigned(stored_log, 1))
            assert status.lack() is None
            # It cosigned, but the answer never came: asked again, it says what it saw, and agrees again.
            lost.set()
            await stored_log.append(1)
            await until(lambda: _remembers(witness_files, 2))
            lost.clear()
            await until(all_cosigned(stored_log, 2))


async def _remembers(home, size: int) -> bool:
    return f"\n{size}\n" in json.loads((home / "seen.json").read_text())[0]


async def test_cosigning_after_a_restart_and_a_lost_answer(stored_log, witness_files, monkeypatch):
    key = stored_log.signer.newest().verifier
    async with served(witness_files, key) as (client, _, _, lost):
        async with witnessed(stored_log, client, monkeypatch):
            await stored_log.append(0)
            await until(all_cosigned(stored_log, 1))
            lost.set()
            await stored_log.append(1)
            await until(lambda: _remembers(witness_files, 2))
        lost.clear()
        async with witnessed(stored_log, client, monkeypatch) as status:
            await until(all_cosigned(stored_log, 2))
            assert status.lack() is None


async def truncate_to(log, size: int) -> None:
    """What a backup from the time of `size` leaves (up to 256) would bring back."""
    async with log.database.session() as session:
        hashes = await session.scalar(select(tiles.c.hashes).where(tiles.c.level == 0))
        await session.execute(tiles.update().values(hashes=hashes[: 32 * size]).where(tiles.c.level == 0))
        for table, column in [(leaves, leaves.c.leaf_index), (promises, promises.c.leaf_index)]:
            await session.execute(delete(table).where(column >= size))
        await session.execute(delete(checkpoints).where(checkpoints.c.size > size))
        await session.execute(delete(cosignatures).where(cosignatures.c.size > size))


async def test_a_restored_backup_is_never_signed_over(stored_log, witness_files, monkeypatch):
    key = stored_log.signer.newest().verifier
    async with served(witness_files, key) as (client, *_):
        async with witnessed(stored_log, client, monkeypatch):
            for number in range(4):
                await stored_log.append(number)
                await asyncio.sleep(0.3)
            await until(all_cosigned(stored_log, 4))
        await truncate_to(stored_log, 2)
        async with witnessed(stored_log, client, monkeypatch) as status:
            await stored_log.append(100)

            async def halted() -> bool:
                return status.halted is not None

            await until(halted)
            await asyncio.sleep(1.0)
            assert "4" in status.lack()
    async with stored_log.database.session() as session:
        assert (await latest_checkpoint(session)).size == 2


async def test_a_history_regrown_beyond_the_witness_is_found_out(stored_log, witness_files, monkeypatch):
    """The backup was used while the witness was away, so the log is larger than what the witness saw."""
    key = stored_log.signer.newest().verifier
    async with served(witness_files, key) as (client, _, away, _):
        async with witnessed(stored_log, client, monkeypatch):
            for number in range(4):
                await stored_log.append(number)
                await asyncio.sleep(0.3)
            await until(all_cosigned(stored_log, 4))
        await truncate_to(stored_log, 2)
        away.set()
        async with witnessed(stored_log, client, monkeypatch) as status:
            for number in range(100, 106):
                await stored_log.append(number)

            async def grown() -> bool:
                async with stored_log.database.session() as session:
                    return (await latest_checkpoint(session)).size == 8

            await until(grown)
            away.clear()

            async def halted() -> bool:
                return status.halted is not None

            await until(halted)


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, ""), (200, "— other AAAAAAAA\n"), (200, "nonsense"), (404, ""), (409, "four\n"), (500, "")],
)
async def test_answers_of_no_honest_witness_are_no_cosignatures(
    stored_log, witness_key, monkeypatch, status, text
):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    async with httpx.AsyncClient(transport=transport) as http:
        client = WitnessClient("http://witness", witness_key.verifier, http)
        async with witnessed(stored_log, client, monkeypatch) as seen:
            await stored_log.append(0)

            async def reported() -> bool:
                return seen.witness_lack is not None

            await until(reported)
            assert seen.halted is None
    async with stored_log.database.session() as session:
        assert not await session.scalar(select(func.count()).select_from(cosignatures))
