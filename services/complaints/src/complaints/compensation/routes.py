"""Compensation over HTTP."""

from common.web import LanguageDep, ServiceRouter

from .dependencies import CompensationServiceDep, Reader
from .schemas import EstimateIn, EstimateOut

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/complaints", tags=["compensation"])


@router.post("/compensation/estimates", summary="Reckon a compensation by rule; nothing is stored")
async def estimate(
    body: EstimateIn, actor: Reader, service: CompensationServiceDep, language: LanguageDep
) -> EstimateOut:
    return service.estimate(body, language)
