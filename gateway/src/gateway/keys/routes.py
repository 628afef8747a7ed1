"""What anybody may know of this authorization server: its metadata (RFC 8414) and its public keys."""

from typing import Any

from common.web import ServiceRouter
from fastapi import Request, Response

from gateway.identity.rules import SCOPES
from gateway.keys.ring import SigningKeys
from gateway.tokens.rules import ASSERTION_ALGORITHMS

__all__ = ["router"]

router = ServiceRouter(tags=["keys"])


@router.get("/.well-known/jwks.json", summary="Public keys of access tokens; two during a rotation")
async def get_keys(request: Request, response: Response) -> dict[str, Any]:
    keys: SigningKeys = request.app.state.signing_keys
    response.headers["Cache-Control"] = "public, max-age=60"
    return keys.jwks()


@router.get("/.well-known/oauth-authorization-server", summary="Authorization server metadata (RFC 8414)")
async def get_metadata(request: Request) -> dict[str, Any]:
    issuer: str = request.app.state.settings.token_issuer
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "service_documentation": f"{issuer}/docs",
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": sorted(SCOPES),
    }
