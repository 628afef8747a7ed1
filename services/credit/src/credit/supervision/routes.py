"""Routes of supervision."""

from uuid import UUID

from common.problems import declare
from common.web import ServiceRouter

from credit.subjects.errors import SubjectNotFound

from .dependencies import Reader, SupervisionServiceDep
from .schemas import SupervisionView

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/subjects", tags=["supervision"])


@router.get(
    "/{subject_id}/supervision",
    responses=declare(SubjectNotFound),
    summary="The measures in force today, each with basis and end date",
)
async def get_supervision(
    subject_id: UUID, actor: Reader, supervision: SupervisionServiceDep
) -> SupervisionView:
    return await supervision.of(actor, subject_id)
