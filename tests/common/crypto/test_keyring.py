"""Fields at rest: bound to their place, readable with old keys, found without being read."""

import base64
import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from common.crypto import DataKey, DecryptionFailed, InvalidKeyring, Keyring, generate_keyring, rotate_keyring
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

CONTENT = generate_keyring()
RING = Keyring(CONTENT)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_what_is_encrypted_is_read_again_in_its_context_only(text: str, context: str) -> None:
    token = RING.encrypt(text, context=context)
    assert RING.decrypt(token, context=context) == text
    assert token.startswith("k1.") and RING.encrypt(text, context=context) != token
    with pytest.raises(DecryptionFailed):
        RING.decrypt(token, context=context + "x")


@given(TEXT, st.data())
def test_any_changed_character_is_noticed(text: str, data: st.DataObject) -> None:
    token = RING.encrypt(text, context="c")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=k1").filter(lambda c: c != token[place]))
    with pytest.raises(DecryptionFailed):
        RING.decrypt(token[:place] + other + token[place + 1 :], context="c")


@pytest.mark.parametrize(
    "token", ["", "k1", "k1.", "k9.AAAA", ".AAAA", "k1.AAAA", "k1.你好", "k1.A", "k1.AA=="]
)
def test_foreign_tokens_are_refused(token: str) -> None:
    with pytest.raises(DecryptionFailed) as caught:
        RING.decrypt(token, context="c")
    assert caught.value.status == 503


def test_the_format_can_be_read_by_another_program() -> None:
    key = base64.urlsafe_b64decode(CONTENT["encryption"]["keys"]["k1"] + "=")
    body = RING.encrypt("王样例", context="complaints.name").removeprefix("k1.")
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    assert AESGCM(key).decrypt(data[:12], data[12:], b"k1\0complaints.name").decode() == "王样例"


def test_rotation_reads_old_values_and_writes_new_ones() -> None:
    old = RING.encrypt("x", context="c")
    ring = Keyring(rotate_keyring(CONTENT))
    assert ring.active_key_id == "k2"
    assert ring.decrypt(old, context="c") == "x" and not ring.is_current(old)
    new = ring.encrypt("x", context="c")
    assert new.startswith("k2.") and ring.is_current(new)
    with pytest.raises(DecryptionFailed):
        RING.decrypt(new, context="c")
    assert Keyring(rotate_keyring(rotate_keyring(CONTENT))).active_key_id == "k3"
    assert Keyring(CONTENT).decrypt(old, context="c") == "x"


@given(TEXT, TEXT)
def test_the_index_is_equal_for_equal_values_of_one_context(value: str, other: str) -> None:
    first = RING.blind_index(value, context="phone")
    assert first == Keyring(CONTENT).blind_index(value, context="phone")
    assert (first == RING.blind_index(other, context="phone")) is (value == other)
    assert first != RING.blind_index(value, context="id")
    assert first != Keyring(generate_keyring()).blind_index(value, context="phone")


def test_the_index_is_the_documented_hmac_and_rotates_apart() -> None:
    key = base64.urlsafe_b64decode(CONTENT["index"]["keys"]["i1"] + "=")
    sub = hmac.new(key, b"blind-index\0phone", sha256).digest()
    expected = hmac.new(sub, b"14200000001", sha256).hexdigest()
    assert RING.blind_index("14200000001", context="phone") == expected
    assert RING.blind_indexes("14200000001", context="phone") == [expected]
    ring = Keyring(rotate_keyring(CONTENT, "index"))
    assert (ring.index_key_id, ring.active_key_id) == ("i2", "k1")
    assert ring.blind_index("14200000001", context="phone") != expected
    assert ring.blind_indexes("14200000001", context="phone")[1] == expected


def test_a_data_key_lives_wrapped_and_dies_with_its_wrapping() -> None:
    key = DataKey.generate()
    wrapped = key.wrap(RING, context="contract:1")
    token = key.encrypt("正文", context="document")
    assert DataKey.unwrap(wrapped, RING, context="contract:1").decrypt(token, context="document") == "正文"
    with pytest.raises(DecryptionFailed):
        DataKey.unwrap(wrapped, RING, context="contract:2")
    with pytest.raises(DecryptionFailed):
        DataKey.generate().decrypt(token, context="document")
    with pytest.raises(DecryptionFailed):
        key.decrypt("k1." + token[3:], context="document")


def test_a_piece_of_a_file_opens_in_its_place_only() -> None:
    key = DataKey.generate()
    sealed = key.encrypt_bytes(b"\x00\xff", context="evidence:1:0")
    assert key.decrypt_bytes(sealed, context="evidence:1:0") == b"\x00\xff"
    for wrong, context in ((sealed, "evidence:1:1"), (sealed[:-1], "evidence:1:0"), (b"", "evidence:1:0")):
        with pytest.raises(DecryptionFailed):
            key.decrypt_bytes(wrong, context=context)


def test_the_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps(CONTENT))
    for mode, good in [
        (0o600, True),
        (0o400, True),
        (0o440, True),
        (0o644, False),
        (0o660, False),
        (0o604, False),
    ]:
        path.chmod(mode)
        if good:
            assert Keyring.from_file(path, production=True).active_key_id == "k1"
        else:
            with pytest.raises(InvalidKeyring, match="open to others"):
                Keyring.from_file(path, production=True)
            Keyring.from_file(path)
    with pytest.raises(InvalidKeyring, match="cannot be read"):
        Keyring.from_file(tmp_path / "gone.json", production=True)
    for wrong in ("{", "[]", "3"):
        (tmp_path / "bad.json").write_text(wrong)
        with pytest.raises(InvalidKeyring):
            Keyring.from_file(tmp_path / "bad.json")


def changed(**parts: Any) -> dict[str, Any]:
    return {**CONTENT, **parts}


@pytest.mark.parametrize(
    "content",
    [
        {},
        changed(more={}),
        changed(index={"active": "i1"}),
        changed(index={"active": "i2", "keys": CONTENT["index"]["keys"]}),
        changed(index={"active": "i1", "keys": {"i1": "short"}}),
        changed(index={"active": "i1", "keys": {"i1": 3}}),
        changed(index={"active": "i.1", "keys": {"i.1": CONTENT["index"]["keys"]["i1"]}}),
        changed(index={"active": "i1", "keys": {"i1": CONTENT["encryption"]["keys"]["k1"]}}),
    ],
)
def test_a_wrong_keyring_stops_the_start(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidKeyring) as caught:
        Keyring(content)
    assert CONTENT["encryption"]["keys"]["k1"] not in str(caught.value)


def test_keys_do_not_show() -> None:
    assert repr(RING) == "Keyring(encryption=k1, index=i1)"
