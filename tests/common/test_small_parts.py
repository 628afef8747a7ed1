"""Clock, pages, problems and settings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from common.clock import FrozenClock, china_date
from common.pagination import decode_cursor, encode_cursor, page_of
from common.problems import FieldError, InvalidPayload, NotFound, Text, declare
from common.seeding import DEMO_SUBJECT_IDS, demo_id
from common.settings import ServiceSettings, async_url
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError


def test_the_frozen_clock_holds_the_day_and_keeps_order(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    clock = FrozenClock.set(tmp_path / "clock", start)
    first, second = clock.now(), FrozenClock(tmp_path / "clock").now()
    assert start <= first <= second < start + timedelta(seconds=1)
    assert china_date(first).isoformat() == "2026-11-23"
    FrozenClock.set(tmp_path / "clock", start + timedelta(days=2))
    assert china_date(clock.now()).isoformat() == "2026-11-25"


def test_a_frozen_clock_is_seen_to_move_however_quickly(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    start = datetime(2026, 11, 23, tzinfo=UTC)
    reader = FrozenClock.set(path, start)
    for day in range(200):
        FrozenClock.set(path, start + timedelta(days=day))
        assert reader.now().date() == (start + timedelta(days=day)).date()
    with pytest.raises(ValueError, match="time zone"):
        FrozenClock.set(path, datetime(2026, 11, 23))  # noqa: DTZ001
    assert [file.name for file in tmp_path.iterdir()] == ["clock"]


def test_many_setters_of_one_clock_do_not_trip_each_other(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    start = datetime(2026, 11, 23, tzinfo=UTC)
    reader = FrozenClock.set(path, start)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda hour: FrozenClock.set(path, start + timedelta(hours=hour)), range(200)))
    assert start <= reader.now() < start + timedelta(hours=200)


def test_settings_do_not_show_their_secrets_when_they_are_wrong() -> None:
    with pytest.raises(ValidationError) as caught:
        ServiceSettings(database_url="mysql://user:geheim@host/x", keyring_file=Path())
    assert "geheim" not in str(caught.value)


def test_a_chinese_day_begins_eight_hours_before_utc() -> None:
    assert china_date(datetime(2026, 11, 23, 16, tzinfo=UTC)).isoformat() == "2026-11-24"
    assert china_date(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)).isoformat() == "2026-11-23"


def test_production_refuses_a_fixed_clock(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="fixed clock"):
        ServiceSettings(
            database_url="postgresql://a@b/c", keyring_file=tmp_path, clock_file=tmp_path / "clock"
        )
    with pytest.raises(ValidationError, match="postgresql"):
        ServiceSettings(database_url="mysql://a@b/c", keyring_file=tmp_path)


def test_addresses_get_the_async_driver() -> None:
    assert async_url("postgresql://u:p@h:1/d") == "postgresql+asyncpg://u:p@h:1/d"
    assert async_url("postgresql+asyncpg://h/d") == "postgresql+asyncpg://h/d"


@given(st.text(), st.integers())
def test_cursors_come_back_as_they_went(name: str, number: int) -> None:
    assert decode_cursor(encode_cursor(name, number), str, int) == (name, number)


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "WzFd", "e30", "[" * 400])
def test_made_up_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(InvalidPayload):
        decode_cursor(cursor, str, int)


def test_a_page_knows_whether_another_follows() -> None:
    assert page_of([1, 2, 3], 2, encode_cursor) == ([1, 2], encode_cursor(2))
    assert page_of([1, 2], 2, encode_cursor) == ([1, 2], None)


def test_problems_speak_both_languages_all_the_way_down() -> None:
    problem = InvalidPayload([FieldError("/a", Text("错", "wrong"))], Text("不对", "not right"))
    assert problem.body("en") == {
        "type": "/problems/invalid-payload",
        "title": "The payload is not valid",
        "status": 422,
        "detail": "not right",
        "errors": [{"pointer": "/a", "detail": "wrong"}],
    }
    assert problem.body("zh", "/x")["errors"][0]["detail"] == "错"
    assert declare(NotFound)[404]["description"] == "Not found (/problems/not-found)"


def test_demo_ids_are_the_same_in_every_process() -> None:
    assert DEMO_SUBJECT_IDS["sample_agency"] == demo_id("911401059999990157")
