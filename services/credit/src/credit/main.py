"""The credit service, wired together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.auth import TokenVerifier
from common.db import migrations_folder
from common.events import events_part
from common.ledger import ledger_part
from common.web import create_service_app
from common.web.log import log_operations, log_router
from fastapi import FastAPI

from credit.boards.routes import PUBLIC as PUBLIC_BOARDS
from credit.boards.routes import router as boards
from credit.campaigns.routes import router as campaigns
from credit.certificates.routes import PUBLIC as CERTIFICATES_PUBLIC
from credit.certificates.routes import public_router as certificate_checks
from credit.certificates.routes import router as certificates
from credit.commitments.routes import PUBLIC as PUBLIC_COMMITMENTS
from credit.commitments.routes import public_router as public_commitments
from credit.commitments.routes import router as commitments
from credit.config import Settings
from credit.deposits.routes import router as deposits
from credit.draws.routes import router as draws
from credit.draws.rules import LOG_COMMITTED, LOG_VOID
from credit.environment import Environment
from credit.events import SUBSCRIPTIONS
from credit.evidence.routes import router as evidence
from credit.exchange.desk import exchanging
from credit.exchange.routes import router as exchange
from credit.exports.routes import router as exports
from credit.facts.routes import router as facts
from credit.hazards.routes import router as hazards
from credit.honours.routes import PUBLIC as PUBLIC_HONOURS
from credit.honours.routes import router as honours
from credit.imports.routes import router as imports
from credit.imports.routes import upload_router as uploads
from credit.imports.worker import importing
from credit.inspections.routes import PUBLIC as PUBLIC_INSPECTIONS
from credit.inspections.routes import public_router as public_inspections
from credit.inspections.routes import router as inspections
from credit.inspectors.routes import router as inspectors
from credit.intake.routes import router as parked
from credit.listings.routes import PUBLIC_LISTINGS
from credit.listings.routes import public_router as public_listings
from credit.listings.routes import router as listings
from credit.objections.routes import router as objections
from credit.papers.routes import router as papers
from credit.plans.routes import PUBLIC as PUBLIC_ITEMS
from credit.plans.routes import router as plans
from credit.policies import FOLDER
from credit.proposals.routes import router as proposals
from credit.public.routes import PUBLIC
from credit.public.routes import replies_router as replies
from credit.public.routes import router as public
from credit.publishing import SERVICE
from credit.qualifications.routes import router as qualifications
from credit.relations.routes import router as relations
from credit.repairs.routes import outlook_router as outlooks
from credit.repairs.routes import router as repairs
from credit.reports.routes import router as reports
from credit.rounds import rounds
from credit.rulebook.routes import router as policies
from credit.rulebook.rules import Rulebook
from credit.runs.routes import router as runs
from credit.runs.worker import runs_worker
from credit.scorecards.routes import router as scorecards
from credit.scoring.routes import router as scoring
from credit.simulations.routes import router as simulations
from credit.subjects.routes import reveal_router as reveals
from credit.subjects.routes import router as subjects
from credit.supervision.routes import router as supervision
from credit.talks.routes import router as talks
from credit.warning_rules.routes import router as warning_rules
from credit.warnings.routes import router as warnings

__all__ = ["create_app"]

PREFIX = "/api/v1/credit"


def create_app(settings: Settings | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application. Policies are read here, so a wrong file stops the start.

    `verifier` replaces the real one in tests.
    """
    rulebook = Rulebook.load(FOLDER)

    @asynccontextmanager
    async def environment(app: FastAPI) -> AsyncIterator[None]:
        app.state.env = Environment(app.state.clock, app.state.keyring, rulebook, app.state.log)
        yield

    return create_service_app(
        name=SERVICE,
        title="TourTrust credit",
        settings=settings or Settings(),  # type: ignore[call-arg]  # from the environment
        migrations=migrations_folder(SERVICE),
        routers=[
            facts,  # called most, and routes are tried in this order
            scoring,
            subjects,
            reveals,
            relations,
            deposits,
            qualifications,
            evidence,
            parked,
            objections,
            replies,
            scorecards,
            simulations,
            runs,
            supervision,
            warnings,
            warning_rules,
            proposals,
            boards,
            honours,
            draws,
            inspectors,
            plans,
            campaigns,
            talks,
            inspections,
            public_inspections,
            hazards,
            policies,
            papers,
            listings,
            public_listings,
            repairs,
            outlooks,
            commitments,
            public_commitments,
            public,
            uploads,
            imports,
            exports,
            certificates,
            certificate_checks,
            exchange,
            reports,
            log_router(PREFIX),
        ],
        public=PUBLIC
        | PUBLIC_INSPECTIONS
        | PUBLIC_ITEMS
        | CERTIFICATES_PUBLIC
        | PUBLIC_BOARDS
        | PUBLIC_HONOURS
        | PUBLIC_LISTINGS
        | PUBLIC_COMMITMENTS
        | log_operations(PREFIX),
        lifespan_parts=[
            ledger_part(checkpoint_after=(LOG_COMMITTED, LOG_VOID)),
            environment,
            events_part(SERVICE, SUBSCRIPTIONS),
            rounds,
            importing,
            exchanging,
            runs_worker,
        ],
        verifier=verifier,
    )
