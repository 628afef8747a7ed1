"""Many contracts in one request."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from contracts.batches.rules import Lines
from hypothesis import given
from hypothesis import strategies as st

from .conftest import World
from .samples import changed, domestic, lowprice

PATH = "/api/v1/contracts/contracts:batch"


def order(number: int, **changes: Any) -> bytes:
    document = changed(domestic(), {"submitting_platform.platform_order_no": f"BATCH-{number}", **changes})
    return json.dumps(document, ensure_ascii=False).encode()


async def send(world: World, body: Any, **headers: str) -> list[dict[str, Any]]:
    answer = await world.client.post(
        PATH, content=body, headers=world.ota() | {"Content-Type": "application/x-ndjson"} | headers
    )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


async def test_good_and_bad_lines_each_get_their_own_answer_in_order(world: World) -> None:
    lines = [
        order(1),
        b"{",
        json.dumps(lowprice()).encode(),
        b"",
        order(2, **{"fees.total_fen": "many"}),
        order(1),
        order(1, **{"group.tour_code": "OTHER"}),
        b"[]",
        b'{"a": NaN}',
        order(3),
    ]
    answers = await send(world, b"\n".join(lines))
    assert [(a["line"], a["status"]) for a in answers] == [
        (1, 201),
        (2, 400),
        (3, 422),
        (5, 422),
        (6, 201),
        (7, 409),
        (8, 400),
        (9, 400),
        (10, 201),
    ]
    assert answers[0]["result"] == answers[4]["result"]
    assert answers[2]["problem"]["type"] == "/problems/contract-refused"
    assert len(answers[2]["problem"]["findings"]) == 25
    assert answers[3]["problem"]["errors"][0]["pointer"] == "/fees/total_fen"
    assert await world.count("contracts") == 2
    assert await world.count("attempts") == 1


async def test_each_line_is_committed_before_its_answer(world: World) -> None:
    committed: list[int] = []
    answered = asyncio.Queue[int]()

    async def body() -> AsyncIterator[bytes]:
        for number in range(3):
            yield order(number) + b"\n"
            committed.append(await world.count("contracts"))
            answered.put_nowait(number)

    answers = await send(world, body())
    assert [a["status"] for a in answers] == [201, 201, 201]
    assert committed == [1, 2, 3]


async def test_chunks_may_cut_anywhere(world: World) -> None:
    whole = b"\r\n".join([order(1), order(2)])

    async def body() -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 1000):
            yield whole[at : at + 1000]

    assert [a["status"] for a in await send(world, body())] == [201, 201]


async def test_a_line_over_the_limit_is_refused_and_the_next_is_taken(world: World) -> None:
    limit = world.app.state.settings.max_body_bytes
    answers = await send(world, b"x" * (limit + 1) + b"\n" + order(1))
    assert [a["status"] for a in answers] == [413, 201]


async def test_the_media_type_must_be_ndjson(world: World) -> None:
    answer = await world.client.post(PATH, content=order(1), headers=world.ota())
    assert answer.status_code == 415


async def test_another_platform_gets_403_for_each_line(world: World) -> None:
    answers = await send(world, order(1) + b"\n" + order(2), **world.ota(subject_id=None))
    assert [a["status"] for a in answers] == [403, 403]
    assert await world.count("contracts") == 0


@given(
    st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b and b"\r" not in b)), st.integers(1, 9)
)
def test_lines_are_cut_the_same_however_the_chunks_fall(lines: list[bytes], size: int) -> None:
    whole = b"\n".join(lines)
    reader, found = Lines(20), []
    for at in range(0, len(whole), size):
        found += reader.feed(whole[at : at + size])
    found += reader.end()
    expected = [line if len(line) <= 20 else None for line in lines]
    if expected and expected[-1] == b"":
        expected.pop()
    assert found == expected
