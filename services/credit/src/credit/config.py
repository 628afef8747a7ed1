"""Settings of the credit service, read from CREDIT_* variables."""

from common.settings import ServiceSettings
from pydantic_settings import SettingsConfigDict

__all__ = ["Settings"]


class Settings(ServiceSettings):
    """What the credit service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="CREDIT_", extra="ignore", frozen=True)

    log_origin: str = "tourtrust.example/credit"
