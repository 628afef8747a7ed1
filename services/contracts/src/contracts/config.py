"""Settings of the contracts service, read from CONTRACTS_* variables."""

from common.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """What the contracts service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_", extra="ignore", frozen=True)

    log_origin: str = "tourtrust.example/contracts"
    public_url: str | None = Field(None, description="the public door, for verify links; else token_issuer")
    max_batch_bytes: int = Field(256_000_000, ge=1)

    def verify_url(self, contract_no: str) -> str:
        """Where anyone verifies a contract by its number."""
        base = (self.public_url or self.token_issuer).rstrip("/")
        return f"{base}/api/v1/contracts/public/verify/{contract_no}"
