"""Settings of the credit service, read from CREDIT_* variables."""

from common.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """What the credit service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="CREDIT_", extra="ignore", frozen=True)

    log_origin: str = "tourtrust.example/credit"
    max_import_bytes: int = Field(64_000_000, ge=1, description="for one file of subjects")
    max_import_rows: int = Field(200_000, ge=1)
    import_keep_days: int = Field(30, ge=1, description="how long staged rows and the report are kept")
    dry_run_keep_days: int = Field(7, ge=1)
