"""Who may call a route. A route without `Requires` must stand on the service's public list."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.security.utils import get_authorization_scheme_param

from common.auth import Principal, TokenVerifier
from common.problems import Forbidden, Text, Unauthenticated

__all__ = ["Requires", "required_by"]


class Requires:
    """A dependency that gives the calling `Principal`, if it holds one of `scopes`."""

    def __init__(self, *scopes: str) -> None:
        if not scopes:
            raise ValueError("a route requires at least one scope")
        self.scopes = scopes

    async def __call__(self, request: Request) -> Principal:
        """The caller.

        Raises:
            Unauthenticated: no good token.
            Forbidden: a good token without any of the scopes.
        """
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is None:
            scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated
            verifier: TokenVerifier = request.app.state.verifier
            principal = await verifier.verify(token)
        if not principal.may(*self.scopes):
            needed = " / ".join(self.scopes)
            raise Forbidden(
                Text(f"需要权限范围 {needed}", f"One of these scopes is needed: {needed}"),
                scopes=list(self.scopes),
            )
        request.state.principal = principal
        return principal


def required_by(dependant: Dependant) -> Requires | None:
    """The one `Requires` among a route's dependencies, or None.

    Raises:
        ValueError: there are two with different scopes; the document of the API could not say so.
    """
    own = dependant.call if isinstance(dependant.call, Requires) else None
    found = [own, *(required_by(child) for child in dependant.dependencies)]
    demands = {requires.scopes: requires for requires in found if requires is not None}
    if len(demands) > 1:
        raise ValueError(f"one route, two demands: {sorted(demands)}")
    return next(iter(demands.values()), None)
