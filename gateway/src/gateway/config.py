"""What the gateway is told by its environment (`GATEWAY_*`)."""

import ipaddress
from functools import cached_property
from typing import Self

from common.clock import Clock, SystemClock
from common.settings import ServiceSettings
from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from gateway.limits.window import Rate

__all__ = ["Settings"]

RATE = r"^[1-9]\d{0,8}/[1-9]\d{0,4}$"


class Settings(ServiceSettings):
    """Settings of the gateway. Rates are REQUESTS/SECONDS for one caller in one gateway process."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", frozen=True)

    credit_url: str = "http://127.0.0.1:8001"
    complaints_url: str = "http://127.0.0.1:8002"
    contracts_url: str = "http://127.0.0.1:8003"

    max_body_bytes: int = Field(65_536, ge=1, description="for the gateway's own endpoints")
    proxy_body_bytes: int = Field(25_000_000, ge=1, description="for a proxied request")
    bulk_body_bytes: int = Field(2_000_000_000, ge=1, description="for streaming batches and imports")
    connect_seconds: float = Field(3, gt=0)
    answer_seconds: float = Field(60, gt=0, description="silence allowed to a service")
    bulk_answer_seconds: float = Field(600, gt=0)
    client_seconds: float = Field(30, gt=0, description="silence allowed to a client that sends a body")
    upstream_connections: int = Field(400, ge=1)
    upstream_keepalive_seconds: float = Field(4, gt=0, description="less than the services' own")
    catalogue_seconds: float = Field(30, gt=0, description="how long a service's OpenAPI document is good")

    rate_read: str = Field("12000/60", pattern=RATE)
    rate_write: str = Field("6000/60", pattern=RATE)
    rate_bulk: str = Field("60/60", pattern=RATE)
    rate_anonymous: str = Field("3000/60", pattern=RATE)
    rate_login: str = Field("300/60", pattern=RATE)
    rate_guest: str = Field("60/60", pattern=RATE)
    metrics_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")

    poll_seconds: float = Field(
        2, gt=0, description="how soon a rotation or revocation elsewhere is known here"
    )
    key_lead_seconds: float = Field(10, ge=0, description="a new key is published this long before it signs")

    @model_validator(mode="after")
    def _networks(self) -> Self:
        for network in self.metrics_networks:
            ipaddress.ip_network(network)
        return self

    @cached_property
    def upstreams(self) -> dict[str, tuple[str, str]]:
        """Service name to path prefix and base address."""
        return {
            "credit": ("/api/v1/credit", self.credit_url),
            "complaints": ("/api/v1/complaints", self.complaints_url),
            "contracts": ("/api/v1/contracts", self.contracts_url),
        }

    @cached_property
    def rates(self) -> dict[str, Rate]:
        """The rate of each limit class."""
        names = ("read", "write", "bulk", "anonymous", "login", "guest")
        return {name: Rate.parse(getattr(self, f"rate_{name}")) for name in names}

    @property
    def clock_is_fixed(self) -> bool:
        """Whether this is a demonstration on a fixed clock, which production refuses."""
        return self.clock_file is not None

    def outside_clock(self) -> Clock:
        """The time that programs outside live in.

        It differs from the injected clock only when that one is fixed: a one-time password or a client's
        assertion is then made by the real time, and a lockout that waited for a fixed clock would never end.
        """
        return SystemClock() if self.clock_is_fixed else self.clock()
