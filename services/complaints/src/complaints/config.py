"""Settings of the complaints service, read from COMPLAINTS_* variables."""

from common.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """What the complaints service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="COMPLAINTS_", extra="ignore", frozen=True)

    contracts_url: str = "http://127.0.0.1:8003"
    intake_region: str = Field(
        default="140000",
        pattern=r"^[0-9]{6}$",
        description="whose officers see a case for which no place could be determined",
    )
    lookups_per_number: int = Field(default=10, ge=1, description="failed lookups of one number in a window")
    lookups_per_address: int = Field(default=60, ge=1, description="failed lookups from one address in it")
    lookup_window_seconds: int = Field(default=3600, ge=60)
