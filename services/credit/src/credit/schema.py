"""The whole schema of the service: its own tables and those that common brings."""

from common import audit, events, idempotency, ledger
from common.db import include
from sqlalchemy import MetaData

from credit.boards import models as boards
from credit.campaigns import models as campaigns
from credit.certificates import models as certificates
from credit.commitments import models as commitments
from credit.db import metadata
from credit.deposits import models as deposits
from credit.draws import models as draws
from credit.evidence import models as evidence
from credit.exchange import models as exchange
from credit.exports.models import index_outbox
from credit.facts import models as facts
from credit.hazards import models as hazards
from credit.honours import models as honours
from credit.imports import models as imports
from credit.inspections import models as inspections
from credit.inspectors import models as inspectors
from credit.intake import models as intake
from credit.listings import models as listings
from credit.objections import models as objections
from credit.papers import models as papers
from credit.plans import models as plans
from credit.public import models as public
from credit.qualifications import models as qualifications
from credit.relations import models as relations
from credit.repairs import models as repairs
from credit.runs import models as runs
from credit.scorecards import models as scorecards
from credit.scoring import models as scoring
from credit.subjects import models as subjects
from credit.supervision import models as supervision
from credit.talks import models as talks
from credit.warnings import models as warnings

__all__ = ["full_metadata"]

OWN = (
    boards,
    honours,
    supervision,
    subjects,
    relations,
    deposits,
    qualifications,
    facts,
    scoring,
    scorecards,
    runs,
    warnings,
    draws,
    intake,
    evidence,
    objections,
    public,
    papers,
    listings,
    repairs,
    commitments,
    inspectors,
    plans,
    campaigns,
    talks,
    inspections,
    hazards,
    imports,
    certificates,
    exchange,
)
"""Importing these modules puts their tables into the metadata."""


def full_metadata() -> MetaData:
    """The metadata that migrations build and `alembic check` compares."""
    include(metadata, *events.TABLES, *idempotency.TABLES, *audit.TABLES, *ledger.TABLES)
    index_outbox(metadata)
    return metadata
