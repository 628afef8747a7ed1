"""Tile paths, bundles, promises, and the walk over a whole log copied into a directory."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from common.ledger.checkpoint import Checkpoint, sign_checkpoint
from common.ledger.entries import Promise, key_announcement
from common.ledger.errors import Reason, Refused
from common.ledger.note import SignerKey
from common.ledger.tiles import (
    decode_bundle,
    encode_bundle,
    extend_tiles,
    parse_tile_index,
    tile_index,
    tile_path,
    tile_widths,
    tree_root,
)
from common.ledger.tree import leaf_hash
from common.ledger.verify import directory_source, http_source, verify_log
from hypothesis import given
from hypothesis import strategies as st

from .conftest import ORIGIN, MemoryLog, build_log


def publish(log: MemoryLog, home: Path, checkpoint: str, keys: list[dict[str, object]] | None = None) -> None:
    """Write a log as the files that its routes would serve."""
    (home / "checkpoint").write_text(checkpoint)
    if keys is not None:
        (home / "keys").write_text(json.dumps({"log_origin": ORIGIN, "keys": keys}))
    for level, number, width in tile_widths(log.size):
        path = home / tile_path(level, number, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log.tiles[level, number])
        if level == 0:
            bundle = home / tile_path(None, number, width)
            bundle.parent.mkdir(parents=True, exist_ok=True)
            bundle.write_bytes(encode_bundle(log.entries[number * 256 : number * 256 + width]))


@given(st.integers(0, 10**12), st.integers(1, 256))
def test_tile_indexes_read_back(number, width):
    assert parse_tile_index(tile_index(number, width)) == (number, width)


def test_tile_index_of_the_specification():
    assert tile_index(1_234_067) == "x001/x234/067"
    assert tile_path(3, 5, 12) == "tile/3/005.p/12"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "00",
        "0000",
        "x000/001",
        "x001",
        "001/002",
        "001.p/0",
        "001.p/256",
        "001.p/01",
        "001.p/",
        "001 ",
        "٠٠١",
    ],
)
def test_other_spellings_of_tile_indexes(text):
    assert parse_tile_index(text) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_read_back(entries):
    data = encode_bundle(entries)
    assert decode_bundle(data) == entries
    if data:
        with pytest.raises(Refused):
            decode_bundle(data[:-1])


def test_promises(memory_log, fixed_time):
    promise = Promise("i", 1, bytes(32), ORIGIN, fixed_time).signed(memory_log.signer)
    document = promise.document()
    assert document.keys() == {"id", "version", "commitment", "log_origin", "include_by", "signature"}
    assert document["include_by"] == "2026-11-23T02:00:00.000Z"
    assert Promise.parse(json.loads(json.dumps(document))) == promise
    promise.check(memory_log.signer.verifier)
    for field, value in [
        ("id", "j"),
        ("version", 2),
        ("commitment", "01" * 32),
        ("include_by", "2026-11-23T02:00:00.001Z"),
        ("log_origin", "log.example/other"),
    ]:
        with pytest.raises(Refused):
            Promise.parse(document | {field: value}).check(memory_log.signer.verifier)
    for field, value in [
        ("include_by", "2026-11-23T02:00:00Z"),
        ("include_by", 5),
        ("commitment", "01" * 31),
        ("signature", document["signature"] + "="),
        ("version", True),
        ("extra", 1),
    ]:
        with pytest.raises(Refused):
            Promise.parse(document | {field: value})
    with pytest.raises(Refused):
        Promise.parse(None)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_a_true_log_is_walked(tmp_path, size):
    log = build_log(size)
    publish(log, tmp_path, log.checkpoint())
    verdict = verify_log(directory_source(tmp_path), str(log.signer.verifier))
    assert (verdict.log_origin, verdict.size) == (ORIGIN, size)


def walk_refusal(home: Path, key: str) -> Reason:
    with pytest.raises(Refused) as refused:
        verify_log(directory_source(home), key)
    return refused.value.reason


def test_altered_logs_are_refused(tmp_path):
    log = build_log(300)
    key = str(log.signer.verifier)
    publish(log, tmp_path, log.checkpoint())
    for path, reason in [
        ("tile/entries/000", {Reason.WRONG_TILE, Reason.NOT_CANONICAL}),
        ("tile/0/000", {Reason.WRONG_TILE}),
        ("tile/0/001.p/44", {Reason.WRONG_TILE}),
        ("tile/1/000.p/1", {Reason.WRONG_TILE}),
    ]:
        file = tmp_path / path
        good = file.read_bytes()
        file.write_bytes(good[:20] + bytes([good[20] ^ 1]) + good[21:])
        assert walk_refusal(tmp_path, key) in reason
        file.unlink()
        assert walk_refusal(tmp_path, key) is Reason.MISSING_PART
        file.write_bytes(good)
    shorter = sign_checkpoint(Checkpoint(ORIGIN, 299, tree_root(300, log.tiles)), log.signer)
    (tmp_path / "checkpoint").write_text(shorter)
    publish_partial(log, tmp_path, 299)
    assert walk_refusal(tmp_path, key) is Reason.BAD_PROOF
    (tmp_path / "checkpoint").write_text(log.checkpoint())
    assert walk_refusal(tmp_path, str(SignerKey.generate(ORIGIN).verifier)) is Reason.WRONG_KEY
    (tmp_path / "checkpoint").unlink()
    assert walk_refusal(tmp_path, key) is Reason.MISSING_PART


def publish_partial(log: MemoryLog, home: Path, size: int) -> None:
    """The partial tiles of a smaller tree, which a log keeps serving."""
    width = size - 256
    (home / f"tile/0/001.p/{width}").write_bytes(log.tiles[0, 1][: 32 * width])
    (home / f"tile/entries/001.p/{width}").write_bytes(encode_bundle(log.entries[256:size]))


def rotated(new: SignerKey) -> tuple[MemoryLog, str]:
    """A log of 300 entries of which number 270 announces `new`; with the checkpoint that announces it."""
    log = build_log(300)
    log.entries[270] = key_announcement(log.signer.verifier, new.verifier).encode()
    log.tiles = extend_tiles(0, {}, [leaf_hash(entry) for entry in log.entries])
    root = tree_root(271, extend_tiles(0, {}, [leaf_hash(entry) for entry in log.entries[:271]]))
    return log, sign_checkpoint(Checkpoint(ORIGIN, 271, root), log.signer)


def test_the_old_key_leads_to_its_announced_successor(tmp_path):
    new = SignerKey.generate(ORIGIN)
    log, announcing = rotated(new)
    old_key = str(log.signer.verifier)
    final = sign_checkpoint(Checkpoint(ORIGIN, 300, tree_root(300, log.tiles)), new)
    keys = [
        {"key": old_key, "announced_under": None},
        {"key": str(new.verifier), "announced_under": announcing},
    ]
    publish(log, tmp_path, final, keys)
    for key in (old_key, str(new.verifier)):
        assert verify_log(directory_source(tmp_path), key).key == str(new.verifier)
    # The old key may not sign any more once it has named its successor.
    (tmp_path / "checkpoint").write_text(log.checkpoint())
    assert walk_refusal(tmp_path, old_key) is Reason.WRONG_KEY
    # Nor does a checkpoint of the new key vouch for itself.
    forged = announcing.partition("\n\n")[0] + "\n\n" + final.partition("\n\n")[2]
    keys[1]["announced_under"] = forged
    publish(log, tmp_path, final, keys)
    assert walk_refusal(tmp_path, old_key) is Reason.WRONG_KEY
    (tmp_path / "keys").unlink()
    assert walk_refusal(tmp_path, old_key) is Reason.WRONG_KEY


def test_the_announcement_itself_is_the_last_of_the_old_key(tmp_path):
    new = SignerKey.generate(ORIGIN)
    log, announcing = rotated(new)
    del log.entries[271:]
    log.tiles = extend_tiles(0, {}, [leaf_hash(entry) for entry in log.entries])
    keys = [{"key": str(new.verifier), "announced_under": announcing}]
    publish(log, tmp_path, announcing, keys)
    assert verify_log(directory_source(tmp_path), str(log.signer.verifier)).size == 271


def test_addresses_other_than_http_are_refused():
    with pytest.raises(Refused):
        http_source("file:///etc")


def test_promise_times_are_whole_milliseconds(memory_log, fixed_time):
    promise = Promise("i", 1, bytes(32), ORIGIN, fixed_time + timedelta(milliseconds=7))
    assert promise.document()["include_by"].endswith("00.007Z")
