"""`/openapi.json` for everything behind this door, and `/docs` to read it, served without another host."""

from importlib.resources import files
from typing import Any

from common.problems import NotFound
from common.web import ServiceRouter
from fastapi import Request, Response
from starlette.responses import JSONResponse

from gateway.catalogue.documents import Catalogue

__all__ = ["router"]

router = ServiceRouter(tags=["catalogue"])

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=3600",
}
BUNDLE = files("fastapi_offline") / "static"
OWN = files("gateway.catalogue") / "assets"
ASSETS = {
    "swagger-ui-bundle.js": (BUNDLE, "text/javascript"),
    "swagger-ui.css": (BUNDLE, "text/css"),
    "start.js": (OWN, "text/javascript"),
    "page.css": (OWN, "text/css"),
}


@router.get("/openapi.json", summary="All operations of all services")
async def get_openapi(request: Request) -> Response:
    catalogue: Catalogue = request.app.state.catalogue
    own: dict[str, Any] = request.app.state.openapi
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return JSONResponse(await catalogue.merged(own), headers=headers)


@router.get("/docs", summary="The API page", include_in_schema=False)
async def get_page() -> Response:
    return Response((OWN / "page.html").read_bytes(), headers=HEADERS, media_type="text/html")


@router.get("/docs/{asset}", summary="A part of the API page", include_in_schema=False)
async def get_asset(asset: str) -> Response:
    if asset not in ASSETS:
        raise NotFound
    folder, kind = ASSETS[asset]
    return Response((folder / asset).read_bytes(), headers=HEADERS, media_type=kind)
