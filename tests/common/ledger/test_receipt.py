"""Receipts: a real one holds; whatever is changed in it, it does not."""

import json
import subprocess
import sys

import pytest
import rfc8785
from common.ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from common.ledger.entries import Entry
from common.ledger.errors import Reason, Refused
from common.ledger.note import SignerKey, split_note
from common.ledger.receipt import Receipt
from common.ledger.verify import verify_receipt
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import EVENT, ORIGIN, build_log


@pytest.fixture(scope="module")
def proven(memory_log):
    return memory_log.receipt(123).encode(), str(memory_log.signer.verifier)


def refusal(raw: bytes, key: str, document: bytes | None = None) -> Reason:
    with pytest.raises(Refused) as refused:
        verify_receipt(raw, key, document)
    assert refused.value.detail.zh and refused.value.detail.en
    return refused.value.reason


def test_a_receipt_holds_with_and_without_its_document(proven):
    raw, key = proven
    verdict = verify_receipt(raw, key)
    assert (verdict.id, verdict.event, verdict.leaf_index, verdict.tree_size) == (
        "entry-123",
        EVENT,
        123,
        300,
    )
    assert not verdict.document_checked
    assert verify_receipt(raw, key, b' { "n" : 1.23e2 }\n').document_checked
    assert refusal(raw, key, b'{"n": 124}') is Reason.WRONG_DOCUMENT
    for unreadable in (b"", b"{", b'{"n": 1, "n": 1}', b'{"n": NaN}', b"\xff", b'{"n": 1e999}', b"[" * 9999):
        assert refusal(raw, key, unreadable) is Reason.UNREADABLE_DOCUMENT


def test_it_has_exactly_the_published_fields(proven):
    assert set(json.loads(proven[0])) == {
        "format", "log_origin", "id", "version", "document_hash", "salt",
        "leaf_index", "tree_size", "inclusion_proof", "checkpoint",
    }  # fmt: skip


@pytest.mark.parametrize("index", [0, 1, 255, 256, 298, 299])
def test_every_place_in_the_tree(memory_log, index):
    receipt = memory_log.receipt(index)
    assert Receipt.decode(receipt.encode()) == receipt
    assert verify_receipt(receipt.encode(), str(memory_log.signer.verifier)).leaf_index == index


def test_a_log_of_one_entry():
    log = build_log(1)
    assert verify_receipt(log.receipt(0).encode(), str(log.signer.verifier)).tree_size == 1


def test_any_one_byte_change_fails(proven):
    """Every byte, against each single-bit flip and a few bytes that matter in JSON, base64 and hex."""
    raw, key = proven
    for at, byte in enumerate(raw):
        others = {byte ^ (1 << bit) for bit in range(8)} | set(b'0aA"\\ \n+/=,{}') - {byte}
        for other in others - {byte}:
            with pytest.raises(Refused):
                verify_receipt(raw[:at] + bytes([other]) + raw[at + 1 :], key)


def test_any_byte_missing_or_added_fails(proven):
    raw, key = proven
    for at in range(len(raw) + 1):
        for inserted in (b" ", b"\n", b"0", b"A", b"="):
            with pytest.raises(Refused):
                verify_receipt(raw[:at] + inserted + raw[at:], key)
        if at < len(raw):
            with pytest.raises(Refused):
                verify_receipt(raw[:at] + raw[at + 1 :], key)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_not_crashed_on(raw):
    key = str(build_log(1).signer.verifier)
    with pytest.raises(Refused):
        verify_receipt(raw, key)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
    st.sampled_from(sorted(json.loads(build_log(1).receipt(0).encode()))),
)
def test_any_other_value_in_a_field_is_refused(value, field):
    log = build_log(1)
    document = json.loads(log.receipt(0).encode())
    if document[field] == value and type(document[field]) is type(value):
        return
    document[field] = value
    with pytest.raises(Refused):
        verify_receipt(json.dumps(document).encode(), str(log.signer.verifier))
    try:
        raw = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeError):
        return
    with pytest.raises(Refused):
        verify_receipt(raw, str(log.signer.verifier))


def changed(raw: bytes, **fields: object) -> bytes:
    return rfc8785.dumps(json.loads(raw) | fields)


def test_sloppy_spellings(proven):
    raw, key = proven
    fields = json.loads(raw)
    assert refusal(raw + b"\n", key) is Reason.NOT_CANONICAL
    assert refusal(json.dumps(fields).encode(), key) is Reason.NOT_CANONICAL
    assert (
        refusal(raw.replace(b'{"checkpoint"', b'{"checkpoint":"","checkpoint"', 1), key)
        is Reason.NOT_CANONICAL
    )
    assert refusal(b"\xef\xbb\xbf" + raw, key) is Reason.NOT_CANONICAL
    assert refusal(raw.replace(b'"version":1', b'"version":1.0'), key) is Reason.NOT_CANONICAL
    assert refusal(changed(raw, extra=1), key) is Reason.WRONG_SHAPE
    assert refusal(changed(raw, salt=fields["salt"].upper() + "A"), key) is Reason.WRONG_SHAPE
    upper = fields["document_hash"].upper()
    assert refusal(changed(raw, document_hash=upper), key) is Reason.WRONG_SHAPE
    assert refusal(changed(raw, version=True), key) is Reason.WRONG_SHAPE
    assert refusal(changed(raw, leaf_index=-1), key) is Reason.WRONG_SHAPE
    assert (
        refusal(changed(raw, inclusion_proof="".join(fields["inclusion_proof"])), key) is Reason.WRONG_SHAPE
    )
    assert refusal(changed(raw, inclusion_proof=["00" * 32] * 64), key) is Reason.WRONG_SHAPE
    assert refusal(changed(raw, format="tourtrust-receipt/2:" + EVENT), key) is Reason.WRONG_SHAPE
    assert refusal(changed(raw, format=fields["format"] + "x"), key) is Reason.BAD_PROOF
    assert refusal(changed(raw, id="x" * 70_000), key) is Reason.WRONG_SHAPE


def test_other_keys_and_origins(proven):
    raw, _ = proven
    assert refusal(raw, str(SignerKey.generate(ORIGIN).verifier)) is Reason.WRONG_KEY
    assert refusal(raw, str(SignerKey.generate("log.example/other").verifier)) is Reason.WRONG_ORIGIN
    assert refusal(raw, "nonsense") is Reason.MALFORMED_KEY


def test_signature_lines_that_nobody_checks(memory_log, proven, witness_key, fixed_time):
    """A second line, even a true cosignature, would leave bytes that the holder's one key does not cover."""
    raw, key = proven
    note = json.loads(raw)["checkpoint"]
    body, [line] = split_note(note)
    for extra in (line, cosign(body, witness_key, fixed_time)):
        assert refusal(changed(raw, checkpoint=note + str(extra)), key) is Reason.UNKNOWN_SIGNATURE


def test_sizes_and_checkpoints_of_other_trees(memory_log, proven):
    raw, key = proven
    assert refusal(changed(raw, tree_size=301), key) is Reason.WRONG_SIZE
    other = sign_checkpoint(Checkpoint(ORIGIN, 300, bytes(32)), memory_log.signer)
    assert refusal(changed(raw, checkpoint=other), key) is Reason.BAD_PROOF
    assert refusal(changed(raw, leaf_index=300), key) is Reason.WRONG_SIZE


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"commitment":"00","event":"e","id":"i","version":1}',
        b'{"commitment":"%s","event":"e","id":"","version":1}' % (b"00" * 32),
        b'{"commitment":"%s","event":"e","id":"i","version":true}' % (b"00" * 32),
        b'{"commitment":"%s","event":"e","id":"i","version":1,"x":1}' % (b"00" * 32),
        b'{"commitment":"%s","event":"e","id":1,"version":1}' % (b"00" * 32),
    ],
)
def test_malformed_entries(raw):
    with pytest.raises(Refused):
        Entry.decode(raw)


def test_verifying_needs_neither_web_nor_database():
    program = (
        "import sys, common.ledger.verify\n"
        "heavy = {'fastapi', 'sqlalchemy', 'asyncpg', 'pydantic', 'httpx', 'structlog'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
