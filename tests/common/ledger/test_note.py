"""Notes, checkpoints and cosignatures, with published test values and every sloppy spelling refused."""

from datetime import UTC, datetime

import pytest
from common.ledger.checkpoint import (
    Checkpoint,
    check_cosignature,
    cosign,
    open_checkpoint,
    open_live_checkpoint,
    sign_checkpoint,
)
from common.ledger.errors import Reason, Refused
from common.ledger.note import Algorithm, SignatureLine, SignerKey, VerifierKey, join_note, split_note
from common.ledger.strict import decode_base64

# The published example of the signed note format (Go checksum database).
PUBLISHED_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLISHED_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_published_example():
    signer = SignerKey.parse(PUBLISHED_SIGNER)
    body, [line] = split_note(PUBLISHED_NOTE)
    assert signer.encode() == PUBLISHED_SIGNER
    assert str(signer.verifier) == PUBLISHED_VERIFIER
    assert str(SignatureLine("PeterNeumann", signer.verifier.key_id, signer.sign(body.encode()))) == str(line)
    VerifierKey.parse(PUBLISHED_VERIFIER).check(body.encode(), line.signature)
    assert "AYEKFALVFGyN" not in repr(signer) and repr(signer.seed) not in repr(signer)


def test_published_cosignature_line_is_well_formed():
    line = SignatureLine.parse(
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1n"
        "PZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    assert int.from_bytes(line.signature[:8], "big") == 1679315147
    assert len(line.signature) == 72


@pytest.mark.parametrize("at", range(len(PUBLISHED_VERIFIER)))
def test_no_letter_of_a_verifier_key_can_change(at):
    replaced = "A" if PUBLISHED_VERIFIER[at] != "A" else "B"
    with pytest.raises(Refused):
        VerifierKey.parse(PUBLISHED_VERIFIER[:at] + replaced + PUBLISHED_VERIFIER[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        PUBLISHED_VERIFIER.replace("c74f20a3", "C74F20A3"),
        PUBLISHED_VERIFIER + "\n",
        PUBLISHED_VERIFIER + "=",
        "+" + PUBLISHED_VERIFIER,
        PUBLISHED_SIGNER,
        "a b+00000000+AQ==",
    ],
)
def test_malformed_verifier_keys(text):
    with pytest.raises(Refused):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n—  a AAAAAAAA\n",
        "text\n\n— a  AAAAAAAA\n",
        "text\n\n— a AAAAAAAA \n",
        "text\n\n— a AAAAAAAA\r\n",
        "text\n\n— a AAAAAA=\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a AAAA\n",
        "te\x00xt\n\n— a AAAAAAAA\n",
        "te\txt\n\n— a AAAAAAAA\n",
        "text\n\n" + "— a AAAAAAAA\n" * 65,
    ],
)
def test_malformed_notes(note):
    with pytest.raises(Refused) as refused:
        split_note(note)
    assert refused.value.reason is Reason.MALFORMED_NOTE


@pytest.mark.parametrize(
    "body",
    [
        "origin\n5\n",
        "origin\n05\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n5 \n" + "A" * 43 + "=\n",
        "origin\n٥\n" + "A" * 43 + "=\n",
        "origin\n5\n" + "A" * 42 + "B=\n",
        "origin\n5\n" + "A" * 40 + "\n",
        "\n5\n" + "A" * 43 + "=\n",
        "origin\n5\n" + "A" * 43 + "=\nextension\n",
        "origin\n9007199254740992\n" + "A" * 43 + "=\n",
    ],
)
def test_malformed_checkpoints(body):
    with pytest.raises(Refused) as refused:
        Checkpoint.parse(body)
    assert refused.value.reason is Reason.MALFORMED_CHECKPOINT


def test_cosignature_binds_time_and_body(memory_log, witness_key):
    body, _ = split_note(memory_log.checkpoint())
    line = cosign(body, witness_key, AT)
    assert check_cosignature(body, line, witness_key.verifier) == AT
    later = (int(AT.timestamp()) + 1).to_bytes(8, "big")
    with pytest.raises(Refused):
        check_cosignature(
            body, SignatureLine(line.name, line.key_id, later + line.signature[8:]), witness_key.verifier
        )
    with pytest.raises(Refused):
        check_cosignature(body.replace("300", "301"), line, witness_key.verifier)


def test_strict_opening_wants_exactly_the_expected_lines(memory_log, witness_key):
    note = memory_log.checkpoint()
    body, [log_line] = split_note(note)
    seen = cosign(body, witness_key, AT)
    log_key, witness = memory_log.signer.verifier, witness_key.verifier
    assert open_checkpoint(note, log_key).checkpoint.size == 300
    opened = open_checkpoint(note + str(seen), log_key, [witness])
    assert opened.cosigned == {witness: AT}
    for text, witnesses, reason in [
        (note + str(seen), [], Reason.UNKNOWN_SIGNATURE),
        (note, [witness], Reason.MISSING_COSIGNATURE),
        (note + str(log_line), [], Reason.UNKNOWN_SIGNATURE),
        (join_note(body, seen, log_line), [witness], Reason.WRONG_KEY),
        (note + str(log_line), [witness], Reason.WRONG_KEY),
    ]:
        with pytest.raises(Refused) as refused:
            open_checkpoint(text, log_key, witnesses)
        assert refused.value.reason is reason
    assert open_live_checkpoint(note + str(seen), [log_key]).log_key == log_key


def test_other_keys_are_refused(memory_log, witness_key):
    note = memory_log.checkpoint()
    stranger = SignerKey.generate(memory_log.signer.name).verifier
    elsewhere = SignerKey.generate("log.example/other").verifier
    for key, reason in [
        (stranger, Reason.WRONG_KEY),
        (elsewhere, Reason.WRONG_ORIGIN),
        (witness_key.verifier, Reason.WRONG_KEY),
    ]:
        with pytest.raises(Refused) as refused:
            open_checkpoint(note, key)
        assert refused.value.reason is reason
        with pytest.raises(Refused):
            open_live_checkpoint(note, [key])


def test_a_log_cannot_sign_for_another_origin(memory_log, witness_key):
    with pytest.raises(Refused):
        sign_checkpoint(Checkpoint("log.example/other", 0, bytes(32)), memory_log.signer)
    with pytest.raises(Refused):
        sign_checkpoint(Checkpoint(witness_key.name, 0, bytes(32)), witness_key)
    with pytest.raises(Refused):
        cosign("text\n", memory_log.signer, AT)
    assert SignerKey.parse(witness_key.encode()).algorithm is Algorithm.COSIGNATURE


@pytest.mark.parametrize("text", ["AA", "AAB=", "AA==\n", " AA==", "AA=", "A", "_-==", "AA===", "é"])
def test_sloppy_base64(text):
    with pytest.raises(Refused):
        decode_base64(text, reason=Reason.WRONG_SHAPE)
