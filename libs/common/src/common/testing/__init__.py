"""What tests of every service share: tokens signed by a key of their own, databases, an HTTP client."""

from common.testing.apps import api_client, test_settings
from common.testing.databases import ServiceDatabase
from common.testing.tokens import TokenMint

__all__ = ["ServiceDatabase", "TokenMint", "api_client", "test_settings"]
