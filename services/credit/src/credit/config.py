"""Settings of the credit service, read from CREDIT_* variables."""

from pathlib import Path
from typing import Self

from common.settings import ServiceSettings
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import SettingsConfigDict

__all__ = ["ExchangeTarget", "Settings"]


class ExchangeTarget(BaseModel):
    """A system that records are exchanged with: a real one at `url`, or recorded answers in `folder`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = None
    token_file: Path | None = None
    folder: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.folder is None):
            raise ValueError("give either url or folder")
        return self


class Settings(ServiceSettings):
    """What the credit service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="CREDIT_", extra="ignore", frozen=True)

    log_origin: str = "tourtrust.example/credit"
    max_import_bytes: int = Field(64_000_000, ge=1, description="for one file of subjects")
    max_import_rows: int = Field(200_000, ge=1)
    import_keep_days: int = Field(30, ge=1, description="how long staged rows and the report are kept")
    dry_run_keep_days: int = Field(7, ge=1)
    exchange: dict[str, ExchangeTarget] = Field(
        default={}, description="by system: national, credit_china, enterprise_publicity"
    )

    @model_validator(mode="after")
    def _no_recordings(self) -> Self:
        if self.environment == "production" and any(one.folder for one in self.exchange.values()):
            raise ValueError("production refuses recorded answers: give exchange systems a url")
        return self
