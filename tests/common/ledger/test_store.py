"""Appending, sequencing and proving on PostgreSQL."""

from datetime import timedelta

import pytest
from common.ledger import erase, find_leaf, first_checkpoint, get_receipt, rotate
from common.ledger.checkpoint import open_checkpoint, open_live_checkpoint
from common.ledger.entries import KEY_EVENT, Promise
from common.ledger.errors import Reason, Refused
from common.ledger.models import promises, queue, tiles
from common.ledger.note import VerifierKey
from common.ledger.sequencing import lag, sequence, start_log
from common.ledger.signer import LogSigner, MissingKey, add_log_key, create_log_key, read_keys
from common.ledger.store import (
    EntryConflict,
    NewEntry,
    NotSequenced,
    append,
    append_many,
    consistency_proof,
    latest_checkpoint,
    list_keys,
    load_entries,
)
from common.ledger.strict import hash_document
from common.ledger.tree import check_consistency, leaf_hash
from common.ledger.verify import verify_receipt
from common.problems import StateConflict
from sqlalchemy import func, select, update

from . import naive
from .conftest import EVENT, ORIGIN


async def run(log, now, limit=1000):
    """One batch, as the sequencer makes it."""
    async with log.database.engine.begin() as connection:
        await start_log(connection, log.signer, now)
        return await sequence(connection, log.signer, now, limit)


async def test_append_promises_and_sequencing_keeps_it(stored_log, fixed_time):
    key = stored_log.signer.newest().verifier
    promise = await stored_log.append(7, now=fixed_time)
    assert promise.include_by == fixed_time + stored_log.signer.include_within
    Promise.parse(promise.document()).check(key)
    async with stored_log.database.session() as session:
        assert await get_receipt(session, log=stored_log.signer, id="entry-7", version=1) is None
        assert (await lag(session, fixed_time)).waiting == 1
    batch = await run(stored_log, fixed_time)
    assert (batch.size, batch.count, batch.late) == (1, 1, 0)
    assert await run(stored_log, fixed_time) is None
    async with stored_log.database.session() as session:
        receipt = await get_receipt(session, log=stored_log.signer, id="entry-7", version=1)
        assert await find_leaf(session, "entry-7", 1) == 0
        assert await session.scalar(select(func.count()).select_from(queue)) == 0
        stored = await session.scalar(select(promises.c.salt))
    assert receipt.entry().commitment == promise.commitment
    verdict = verify_receipt(receipt.encode(), str(key), b'{"n":7}')
    assert (verdict.leaf_index, verdict.document_checked) == (0, True)
    assert receipt.salt.hex() not in stored


async def test_the_same_again_is_the_same_promise(stored_log, fixed_time):
    first = await stored_log.append(1, now=fixed_time)
    again = await stored_log.append(1, now=fixed_time + timedelta(days=1))
    assert first == again
    await run(stored_log, fixed_time)
    assert await stored_log.append(1) == first
    assert await run(stored_log, fixed_time) is None
    for event, document in [("contract_amended", {"n": 1}), (EVENT, {"n": 2})]:
        with pytest.raises(EntryConflict):
            async with stored_log.database.session() as session:
                await append(
                    session,
                    log=stored_log.signer,
                    id="entry-1",
                    version=1,
                    event=event,
                    document_hash=hash_document(document),
                    now=fixed_time,
                )


async def test_many_at_once_are_as_one_after_the_other(stored_log, fixed_time):
    key = stored_log.signer.newest().verifier
    before = await stored_log.append(2, now=fixed_time)
    wanted = [NewEntry(f"entry-{n}", 1, EVENT, hash_document({"n": n})) for n in range(4)]
    async with stored_log.database.session() as session:
        made = await append_many(session, log=stored_log.signer, entries=wanted, now=fixed_time)
        assert await append_many(session, log=stored_log.signer, entries=[], now=fixed_time) == []
    assert [promise.id for promise in made] == ["entry-0", "entry-1", "entry-2", "entry-3"]
    assert made[2] == before
    for promise in made:
        Promise.parse(promise.document()).check(key)
    batch = await run(stored_log, fixed_time)
    assert batch.size == 4
    async with stored_log.database.session() as session:
        assert [await find_leaf(session, f"entry-{n}", 1) for n in (2, 0, 1, 3)] == [0, 1, 2, 3]
        receipt = await get_receipt(session, log=stored_log.signer, id="entry-3", version=1)
    assert verify_receipt(receipt.encode(), str(key), b'{"n":3}').document_checked
    for wrong in ([wanted[0], wanted[0]], [NewEntry("entry-0", 1, EVENT, bytes(32))]):
        with pytest.raises(EntryConflict):
            async with stored_log.database.session() as session:
                await append_many(session, log=stored_log.signer, entries=wrong, now=fixed_time)


async def test_what_rolls_back_leaves_nothing(stored_log, fixed_time):
    with pytest.raises(RuntimeError):
        async with stored_log.database.session() as session:
            await append(
                session,
                log=stored_log.signer,
                id="entry-1",
                version=1,
                event=EVENT,
                document_hash=bytes(32),
                now=fixed_time,
            )
            raise RuntimeError
    assert await run(stored_log, fixed_time) is None


@pytest.mark.parametrize(
    ("id", "version", "event"),
    [
        ("", 1, EVENT),
        ("x" * 256, 1, EVENT),
        ("x", -1, EVENT),
        ("x", 1, ""),
        ("x", 1, "e" * 65),
        ("x", 2**53, EVENT),
    ],
)
async def test_unfit_entries_are_refused(stored_log, fixed_time, id, version, event):
    with pytest.raises(Refused):
        async with stored_log.database.session() as session:
            await append(
                session,
                log=stored_log.signer,
                id=id,
                version=version,
                event=event,
                document_hash=bytes(32),
                now=fixed_time,
            )


async def test_reserved_event(stored_log, fixed_time):
    with pytest.raises(EntryConflict):
        async with stored_log.database.session() as session:
            await append(
                session,
                log=stored_log.signer,
                id="x",
                version=1,
                event=KEY_EVENT,
                document_hash=bytes(32),
                now=fixed_time,
            )


async def test_batches_of_all_sizes_give_the_rfc_tree(stored_log, fixed_time):
    sizes = []
    for number in range(37):
        await stored_log.append(number, now=fixed_time)
    for limit in (1, 2, 3, 5, 8, 13, 21):
        batch = await run(stored_log, fixed_time, limit)
        sizes.append(batch.size)
    assert sizes == [1, 3, 6, 11, 19, 32, 37]
    key = stored_log.signer.newest().verifier
    async with stored_log.database.session() as session:
        entries = await load_entries(session, 0, 37)
        older = await first_checkpoint(session, 7)
        latest = await latest_checkpoint(session)
        proof = await consistency_proof(session, older.size, latest.size)
        for number in range(37):
            receipt = await get_receipt(session, log=stored_log.signer, id=f"entry-{number}", version=1)
            assert receipt.tree_size == next(size for size in sizes if size > number)
            verify_receipt(receipt.encode(), str(key))
            again = await get_receipt(
                session, log=stored_log.signer, id=f"entry-{number}", version=1, size=37
            )
            assert verify_receipt(again.encode(), str(key)).tree_size == 37
        none = await get_receipt(session, log=stored_log.signer, id="entry-0", version=1, size=36)
    assert none is None and older.size == 11
    assert latest.root == naive.mth(entries)
    assert open_checkpoint(latest.note, key).checkpoint.root == latest.root
    check_consistency(older.size, latest.size, older.root, latest.root, proof)
    assert [leaf_hash(entry) for entry in entries][5]


async def test_erasing_ends_the_linkage_and_keeps_the_tree(stored_log, fixed_time):
    await stored_log.append(1, now=fixed_time)
    async with stored_log.database.session() as session:
        with pytest.raises(NotSequenced):
            await erase(session, "entry-1")
    await run(stored_log, fixed_time)
    async with stored_log.database.session() as session:
        receipt = await get_receipt(session, log=stored_log.signer, id="entry-1", version=1)
    async with stored_log.database.session() as session:
        assert await erase(session, "entry-1") == 1
    async with stored_log.database.session() as session:
        assert await get_receipt(session, log=stored_log.signer, id="entry-1", version=1) is None
        assert await find_leaf(session, "entry-1", 1) is None
        assert len(await load_entries(session, 0, 1)) == 1
    assert verify_receipt(receipt.encode(), str(stored_log.signer.newest().verifier))


async def test_late_entries_are_counted(stored_log, fixed_time):
    await stored_log.append(1, now=fixed_time)
    later = fixed_time + timedelta(minutes=2)
    async with stored_log.database.session() as session:
        assert (await lag(session, later)).overdue == 1
    assert (await run(stored_log, later)).late == 1


async def test_damaged_tiles_are_never_signed_over(stored_log, fixed_time):
    await stored_log.append(1, now=fixed_time)
    await run(stored_log, fixed_time)
    async with stored_log.database.session() as session:
        await session.execute(update(tiles).values(hashes=bytes(32)))
    await stored_log.append(2, now=fixed_time)
    with pytest.raises(Refused) as refused:
        await run(stored_log, fixed_time)
    assert refused.value.reason is Reason.WRONG_TILE


async def test_rotation_is_announced_under_the_old_key(stored_log, fixed_time):
    old = stored_log.signer.newest().verifier
    with pytest.raises(StateConflict):
        async with stored_log.database.session() as session:
            await rotate(session, log=stored_log.signer, now=fixed_time)
    await stored_log.append(0, now=fixed_time)
    await run(stored_log, fixed_time)
    for _ in range(2):  # asking twice before it is announced is asking once
        async with stored_log.database.session() as session:
            new = await rotate(session, log=stored_log.signer, now=fixed_time)
    promise = await stored_log.append(1, now=fixed_time)
    promise.check(old)  # the new key signs nothing until it is announced
    announced = await run(stored_log, fixed_time)
    after = await run(stored_log, fixed_time)
    assert (announced.size, after.size) == (2, 3)
    async with stored_log.database.session() as session:
        validity = await list_keys(session)
        last = await latest_checkpoint(session)
        receipts = [
            await get_receipt(session, log=stored_log.signer, id=f"entry-{n}", version=1) for n in (0, 1)
        ]
    assert [(item.key, item.first_size, item.last_size) for item in validity] == [
        (str(old), 0, 2),
        (str(new), 3, None),
    ]
    assert open_checkpoint(validity[1].announced_under, old).checkpoint.size == 2
    assert open_live_checkpoint(last.note, [new]).log_key == new
    verify_receipt(receipts[0].encode(), str(old))
    verify_receipt(receipts[1].encode(), str(new))
    assert len(read_keys(stored_log.signer.key_file)) == 2
    (await stored_log.append(2, now=fixed_time)).check(new)


async def test_a_log_without_its_key_does_not_sign(stored_log, fixed_time, tmp_path):
    await stored_log.append(0, now=fixed_time)
    await run(stored_log, fixed_time)
    create_log_key(tmp_path / "other.key", ORIGIN)
    stranger = LogSigner(ORIGIN, tmp_path / "other.key", stored_log.signer.cipher)
    await stored_log.append(1, now=fixed_time)
    with pytest.raises(MissingKey):
        async with stored_log.database.engine.begin() as connection:
            await sequence(connection, stranger, fixed_time)


def test_key_files(tmp_path):
    path = tmp_path / "log.key"
    with pytest.raises(MissingKey):
        read_keys(path)
    first = create_log_key(path, ORIGIN)
    assert create_log_key(path, ORIGIN) == first
    assert path.stat().st_mode & 0o077 == 0
    second = add_log_key(path)
    assert [key.verifier for key in read_keys(path)] == [first, second]
    assert VerifierKey.parse(str(second)) == second
    with pytest.raises(MissingKey):
        create_log_key(path, "log.example/other")
    with pytest.raises(MissingKey):
        LogSigner("log.example/other", path, None)
    path.write_text("\n")
    with pytest.raises(MissingKey):
        read_keys(path)
    path.write_text("PRIVATE+KEY+nonsense\n")
    with pytest.raises(Refused):
        read_keys(path)
