"""Every table of this service, for Alembic."""

from complaints.cases import models as cases
from complaints.db import Base
from complaints.documents import models as documents
from complaints.enforcement import models as enforcement
from complaints.subjects import models as subjects

__all__ = ["Base", "cases", "documents", "enforcement", "subjects"]
