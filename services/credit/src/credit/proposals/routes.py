"""Route of proposals."""

from uuid import UUID

from common.problems import declare
from common.web import ServiceRouter

from credit.honours.errors import HonourRefused
from credit.listings.errors import ListingExists
from credit.warnings.errors import ActRefused, WarningNotFound

from .dependencies import ProposalServiceDep, Writer
from .errors import NoProposal
from .schemas import AcceptedView, AcceptIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/warnings", tags=["warnings"])


@router.post(
    "/{warning_id}/acceptance",
    responses=declare(WarningNotFound, NoProposal, ActRefused, ListingExists, HonourRefused),
    summary="Take up a proposal: open the draft of a listing, or give notice to revoke an honour",
)
async def accept_proposal(
    warning_id: UUID, body: AcceptIn, actor: Writer, proposals: ProposalServiceDep
) -> AcceptedView:
    return await proposals.accept(actor, warning_id, body)
