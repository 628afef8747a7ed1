"""Use case of proposals: a person takes one up, and the procedure that it proposed begins."""

from uuid import UUID

from common.auth import Principal
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.honours.service import HonourService
from credit.listings.service import ListingService
from credit.subjects.repository import SubjectRepository
from credit.warnings.errors import ActRefused, WarningNotFound
from credit.warnings.models import Warning
from credit.warnings.rules import Act, Outcome, Proposal, State, acts_allowed
from credit.warnings.service import WarningService

from .errors import NoProposal
from .schemas import AcceptedView, AcceptIn

__all__ = ["ProposalService"]


class ProposalService:
    """Counters and boards propose; only a person begins a procedure, with all its notices and hearings."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env = session, env
        self._subjects = SubjectRepository(session)
        self._warnings = WarningService(session, env, language)
        self._listings = ListingService(session, env, language)
        self._honours = HonourService(session, env, language)

    async def accept(self, actor: Principal, warning_id: UUID, wanted: AcceptIn) -> AcceptedView:
        """Take up a proposal that was acknowledged: it is resolved as confirmed, and its procedure opened.

        Raises:
            WarningNotFound: not in the caller's regions.
            NoProposal: a clue proposes nothing.
            ActRefused: not acknowledged, or resolved already.
            InvalidPayload, ListingExists: what opening the listing refuses.
            HonourNotFound, HonourRefused: what the notice of revocation refuses.
        """
        view = await self._warnings.get(actor, warning_id)
        subject = await self._subjects.lock(view.subject_id, actor)
        if subject is None:
            raise WarningNotFound
        warning = await self._warnings.locked(actor, warning_id)
        state = State(warning.state)
        if state in (State.RAISED, State.RESOLVED):
            raise ActRefused(state=state, allowed=[str(one) for one in acts_allowed(state)])
        proposal = await self._proposal(warning)
        listing_id = number = honour_id = None
        if proposal.what == "listing":
            facts = [UUID(one) for one in warning.details.get("facts", [])]
            condition = wanted.condition or proposal.condition or ""
            listing = await self._listings.open_from_proposal(
                subject, condition, wanted.note, facts, by=actor.sub, proposal_id=warning.id
            )
            listing_id, number = listing.id, listing.number
        else:
            if wanted.condition is not None:
                raise InvalidPayload.at("/condition", Text("仅用于名单建议", "Only for a proposed listing"))
            honour_id = UUID(str(warning.details["honour_id"]))
            await self._honours.notify(actor, honour_id, wanted.note)
        resolved = await self._warnings.act(actor, warning_id, Act.RESOLVE, wanted.note, Outcome.CONFIRMED)
        return AcceptedView(
            warning=resolved, listing_id=listing_id, listing_number=number, honour_id=honour_id
        )

    async def _proposal(self, warning: Warning) -> Proposal:
        rules = await self._warnings.rules()
        rule = rules.get(warning.rule_id, warning.rule_version, str(warning.details["rule_region"]))
        if rule.proposes is None:
            raise NoProposal
        return rule.proposes
