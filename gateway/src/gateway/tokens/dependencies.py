"""What the OAuth routes ask for: the form, read by the letter of RFC 6749, and the token service."""

from typing import Annotated
from urllib.parse import parse_qsl

from common.web import SessionDep
from fastapi import Depends, Request

from gateway.tokens.errors import invalid_request
from gateway.tokens.service import TokenService

__all__ = ["Form", "TokenServiceDep", "token_service"]

LONGEST_FORM = 32_768


async def _form(request: Request) -> dict[str, str]:
    """The form of an OAuth request: no parameter twice, empty ones as if left out.

    Raises:
        OAuthError: `invalid_request`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise invalid_request("the body must be application/x-www-form-urlencoded")
    raw = await request.body()
    if len(raw) > LONGEST_FORM:
        raise invalid_request("the form is too long")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=20,
        )
    except (ValueError, UnicodeError):
        raise invalid_request("the form cannot be parsed") from None
    form = {name: value for name, value in pairs if value}
    if len({name for name, _ in pairs}) != len(pairs):
        raise invalid_request("a parameter is given twice")
    if any("\x00" in value for value in form.values()):
        raise invalid_request("a parameter holds NUL")
    return form


Form = Annotated[dict[str, str], Depends(_form)]


def token_service(request: Request, session: SessionDep) -> TokenService:
    """The token use cases in this request's transaction."""
    state = request.app.state
    return TokenService(
        session,
        issuer=state.token_issuer,
        gate=state.gate,
        revocations=state.revocations,
        now=state.clock.now(),
    )


TokenServiceDep = Annotated[TokenService, Depends(token_service)]
