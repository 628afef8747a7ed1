"""Calls to another service: one narrow typed client per neighbour, with a service token of its own.

A service never forwards a user's token. A neighbour that does not answer is an `Unavailable`, which the
caller may catch to go on without it.
"""

import asyncio
import math
import time
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from common.problems import Text, Unavailable
from common.settings import ServiceSettings
from common.telemetry import propagator

__all__ = ["ServiceClient", "TokenSource"]

Answer = TypeVar("Answer", bound=BaseModel)


class _Grant(BaseModel):
    """What is needed of the gateway's token answer."""

    access_token: str
    expires_in: int


class TokenSource:
    """A client-credentials token, fetched when needed and renewed a minute before it ends."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._token = ""
        self._good_until = -math.inf
        self._lock = asyncio.Lock()

    async def token(self, client: httpx.AsyncClient) -> str:
        """A token that is good for at least a minute more (or half its life, if that is shorter)."""
        async with self._lock:
            if time.monotonic() > self._good_until:
                answer = await client.post(
                    self._settings.token_url,
                    data={"grant_type": "client_credentials"},
                    auth=(
                        self._settings.service_client_id,
                        self._settings.service_client_secret.get_secret_value(),
                    ),
                )
                answer.raise_for_status()
                grant = _Grant.model_validate_json(answer.content)
                self._token = grant.access_token
                margin = min(60, grant.expires_in // 2)
                self._good_until = time.monotonic() + grant.expires_in - margin
            return self._token

    def forget(self, token: str) -> None:
        """Fetch anew at the next call: the neighbour refused `token`."""
        if token == self._token:
            self._good_until = -math.inf


class ServiceClient:
    """Base of the clients in `<service>/clients`: subclass it with one method per question asked."""

    def __init__(self, base_url: str, tokens: TokenSource, *, timeout: float = 3.0) -> None:
        self._tokens = tokens
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout,
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, model: type[Answer]) -> Answer | None:
        """GET `path` as `model`; None when the neighbour says 404.

        Raises:
            Unavailable: no answer, an error of the neighbour's, or an answer of another shape.
        """
        headers: dict[str, str] = {}
        propagator.inject(headers)
        try:
            for attempt in (1, 2):
                token = await self._tokens.token(self._http)
                headers["Authorization"] = f"Bearer {token}"
                answer = await self._http.get(path, headers=headers)
                if answer.status_code != httpx.codes.UNAUTHORIZED or attempt == 2:
                    break
                self._tokens.forget(token)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return model.model_validate_json(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._unavailable(error) from error

    @staticmethod
    def _unavailable(error: Any) -> Unavailable:
        return Unavailable(
            Text("相关服务暂时没有应答", f"A neighbouring service did not answer ({type(error).__name__})")
        )
