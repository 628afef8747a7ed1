"""The OAuth endpoints: token, revocation, introspection."""

from typing import Any

from common.web import ServiceRouter
from fastapi import Request, Response
from starlette.responses import JSONResponse

from gateway.identity.dependencies import CallingClient
from gateway.identity.schemas import TokenAnswer
from gateway.tokens.dependencies import Form, TokenServiceDep
from gateway.tokens.errors import OAuthError, invalid_client, invalid_request

__all__ = ["oauth_error", "router"]

router = ServiceRouter(prefix="/oauth", tags=["oauth"], idempotent=False)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
                }
            }
        },
    }
    for status, description in ((400, "RFC 6749 5.2"), (401, "invalid_client"))
}


def _form_of(required: list[str], **fields: str) -> dict[str, Any]:
    fields |= {
        "client_id": "optional beside other authentication",
        "client_assertion": "private_key_jwt",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    properties = {name: {"type": "string", "description": text} for name, text in fields.items()}
    schema = {"type": "object", "required": required, "properties": properties}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schema}},
        }
    }


async def oauth_error(request: Request, error: Exception) -> Response:
    """The answer to an `OAuthError`."""
    if not isinstance(error, OAuthError):
        raise error
    headers = dict(NO_STORE)
    if error.challenge:
        headers["WWW-Authenticate"] = 'Basic realm="tourtrust", charset="UTF-8"'
    return JSONResponse(
        {"error": error.code, "error_description": error.description}, error.status, headers=headers
    )


@router.post(
    "/token",
    response_model=TokenAnswer,
    summary="A token for a client, or for a refresh token",
    responses=ERRORS,
    openapi_extra=_form_of(
        ["grant_type"],
        grant_type="client_credentials or refresh_token",
        scope="fewer scopes than held",
        refresh_token="",
    ),
)
async def issue_token(
    request: Request, form: Form, client: CallingClient, tokens: TokenServiceDep
) -> Response:
    match form.get("grant_type"):
        case "client_credentials":
            if client is None:
                raise invalid_client()
            answer: TokenAnswer | OAuthError = tokens.for_client(client, form.get("scope"))
        case "refresh_token":
            if "refresh_token" not in form:
                raise invalid_request("refresh_token is missing")
            answer = await tokens.refresh(
                form["refresh_token"], form.get("scope"), client, form.get("client_id")
            )
        case None:
            raise invalid_request("grant_type is missing")
        case _:
            raise OAuthError("unsupported_grant_type", "use client_credentials or refresh_token")
    if isinstance(answer, OAuthError):
        return await oauth_error(request, answer)
    return Response(
        answer.model_dump_json(exclude_none=True), headers=NO_STORE, media_type="application/json"
    )


@router.post(
    "/revoke",
    summary="End a token (RFC 7009); an unknown token is answered alike",
    responses=ERRORS,
    openapi_extra=_form_of(["token"], token="access or refresh token", token_type_hint="not needed"),  # noqa: S106
)
async def revoke_token(form: Form, client: CallingClient, tokens: TokenServiceDep) -> Response:
    if "token" not in form:
        raise invalid_request("token is missing")
    await tokens.revoke(form["token"], client)
    return Response(status_code=200, headers=NO_STORE)


@router.post(
    "/introspect",
    summary="What a token is worth (RFC 7662), for authenticated clients",
    responses=ERRORS,
    openapi_extra=_form_of(["token"], token="access or refresh token", token_type_hint="not needed"),  # noqa: S106
)
async def introspect_token(form: Form, client: CallingClient, tokens: TokenServiceDep) -> Response:
    if client is None:
        raise invalid_client()
    if "token" not in form:
        raise invalid_request("token is missing")
    return JSONResponse(await tokens.introspect(form["token"], client), headers=NO_STORE)
