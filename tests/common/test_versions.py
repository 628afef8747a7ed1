"""One form of `ETag` and `If-Match` for all services."""

import httpx
import pytest
from common.web import ExpectedVersion, StatedVersion, etag
from common.web.errors import install_error_handlers
from fastapi import FastAPI

app = FastAPI()
install_error_handlers(app)


@app.get("/expected")
async def expected(version: ExpectedVersion) -> int:
    return version


@app.get("/stated")
async def stated(version: StatedVersion) -> int | None:
    return version


@pytest.mark.parametrize(
    ("sent", "if_expected", "if_stated"),
    [
        (etag(7), 7, 7),
        ("7", 7, 7),
        ('W/"7"', 7, 7),
        (None, 428, None),
        ("*", 412, None),
        ('"0"', 412, 412),
        ('"7', 412, 412),
        ('"7", "8"', 412, 412),
        ('"a"', 412, 412),
    ],
)
async def test_what_is_read_from_if_match(
    sent: str | None, if_expected: int | None, if_stated: int | None
) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        for path, wanted in (("/expected", if_expected), ("/stated", if_stated)):
            answer = await http.get(path, headers=headers)
            found = answer.json() if answer.status_code == 200 else answer.status_code
            assert found == wanted, path
