"""What every step of the story stands on: callers with tokens, requests that explain themselves, a book."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pyotp

__all__ = ["Stage", "StepFailed", "StepMissing"]

Found = TypeVar("Found")


class StepFailed(Exception):
    """A claim of the story does not hold."""


class StepMissing(Exception):
    """The story needs a route that is not there."""


class Stage:
    """One platform under its gateway address, with the credentials of everyone in the story.

    `scale` says how many agencies, guides, hotels and scenic areas the province was seeded with.
    """

    def __init__(
        self,
        credentials: Mapping[str, Any],
        log_keys: Mapping[str, str],
        scale: Mapping[str, int],
        folder: Path,
    ) -> None:
        self.base_url: str = credentials["base_url"]
        self.log_keys = log_keys
        self.scale = scale
        self.folder = folder
        self.book: dict[str, Any] = {}
        self._credentials = credentials
        self._tokens: dict[str, str] = {}
        self.demo_contract: str = credentials["demo"]["demo_contract_no"]
        self.http = httpx.Client(base_url=self.base_url, timeout=30)

    def headers(self, who: str | None) -> dict[str, str]:
        """The Authorization header of a client, a user or a "guest"; none for nobody."""
        if who is None:
            return {}
        if who not in self._tokens:
            self._tokens[who] = self._sign_in(who)
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    def sub(self, who: str) -> str:
        """The `sub` of a caller's token: the name under which the services know it."""
        payload = self.headers(who)["Authorization"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        subject: str = claims["sub"]
        return subject

    def _sign_in(self, who: str) -> str:
        if who == "guest":
            answer = self.http.post("/api/v1/identity/guest-sessions")
        elif client := self._credentials["clients"].get(who):
            answer = self.http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(client["client_id"], client["client_secret"]),
            )
        else:
            user = self._credentials["users"][who]
            otp = pyotp.TOTP(user["totp_secret"]).now()
            answer = self.http.post(
                "/api/v1/identity/sessions",
                json={"username": user["username"], "password": user["password"], "otp": otp},
            )
        if answer.status_code not in {200, 201}:
            raise StepFailed(f"sign-in of {who}: {answer.status_code} {answer.text[:300]}")
        token: str = answer.json()["access_token"]
        return token

    def call(
        self,
        method: str,
        path: str,
        *,
        by: str | None = None,
        expect: int | tuple[int, ...] = (200, 201),
        key: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """One request as `by`; anything but the expected status fails the step.

        Every write carries an idempotency key, as a careful client's would; `key` names one to repeat.
        """
        headers = self.headers(by) | options.pop("headers", {})
        if method != "GET" and by is not None:
            headers.setdefault("Idempotency-Key", key or uuid4().hex)
        answer = self.http.request(method, path, headers=headers, **options)
        expected = expect if isinstance(expect, tuple) else (expect,)
        if answer.status_code in expected:
            return answer
        if answer.status_code in {404, 405, 501} and _route_is_missing(answer):
            raise StepMissing(f"{method} {path}")
        raise StepFailed(f"{method} {path} as {by or 'nobody'}: {answer.status_code} {answer.text[:600]}")

    def get(self, path: str, *, by: str | None = None, **options: Any) -> Any:
        """The JSON of a GET."""
        return self.call("GET", path, by=by, **options).json()

    def post(self, path: str, body: Any = None, *, by: str | None = None, **options: Any) -> Any:
        """The JSON of a POST."""
        return self.call("POST", path, by=by, json={} if body is None else body, **options).json()

    def wait(self, what: str, look: Callable[[], Found | None], seconds: float = 60) -> Found:
        """What `look` finds, asked again until it finds something."""
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise StepFailed(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(0.1)

    def pages(self, path: str, *, by: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            parameters = {"limit": 100, **query} | ({"cursor": cursor} if cursor else {})
            page = self.get(path, by=by, params=parameters)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    @staticmethod
    def tourtrust(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The `tourtrust` command itself, run as a stranger would."""
        command = [sys.executable, "-m", "tourtrust", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    @staticmethod
    def check(holds: bool, claim: str) -> None:
        """Fail the step unless `claim` holds."""
        if not holds:
            raise StepFailed(claim)

    def equal(self, got: Any, wanted: Any, what: str) -> None:
        """Fail the step unless `got` is `wanted`."""
        self.check(got == wanted, f"{what}: expected {wanted!r}, got {got!r}")


def _route_is_missing(answer: httpx.Response) -> bool:
    """Whether a 404 means "no such path" and not "no such thing"."""
    if answer.status_code != httpx.codes.NOT_FOUND:
        return True
    try:
        return answer.json().get("detail") in {"没有此路径", "There is no such path"}
    except ValueError:
        return True
