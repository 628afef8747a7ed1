"""Logging in: people with an account, tourists without one."""

from common.problems import InvalidPayload, MalformedBody, Problem, TooManyRequests, declare
from common.web import ServiceRouter, problem_response
from fastapi import Request, Response

from gateway.identity.dependencies import IdentityServiceDep
from gateway.identity.errors import InvalidCredentials
from gateway.identity.schemas import SessionRequest, TokenAnswer
from gateway.tokens.dependencies import TokenServiceDep

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/identity", tags=["identity"], idempotent=False)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@router.post(
    "/sessions",
    response_model=TokenAnswer,
    summary="Log in with name, password and one-time password",
    responses=declare(InvalidCredentials, TooManyRequests, InvalidPayload, MalformedBody),
)
async def open_session(
    body: SessionRequest, request: Request, identities: IdentityServiceDep, tokens: TokenServiceDep
) -> Response:
    user = await identities.authenticate_user(body.username, body.password, body.otp)
    if isinstance(user, Problem):
        return problem_response(user, request)
    return _token(await tokens.log_in(user))


@router.post(
    "/guest-sessions",
    response_model=TokenAnswer,
    summary="A tourist without an account: fifteen minutes to file a complaint or a report",
    responses=declare(TooManyRequests),
)
async def open_guest_session(identities: IdentityServiceDep, tokens: TokenServiceDep) -> Response:
    return _token(tokens.for_guest(await identities.open_guest()))


def _token(answer: TokenAnswer) -> Response:
    return Response(
        answer.model_dump_json(exclude_none=True), headers=NO_STORE, media_type="application/json"
    )
