"""The demo province: deterministic, invented, and played through this service's own rules and tables.

Every firm and person is fictitious; names say 虚构 and numbers are valid in form only. A plan with the same
seed gives the same province. A bulk load announces the state it leaves, one `subject_registered` per subject
(and each agency's last `grade_changed`), not every step of five years.
"""

from .load import seed

__all__ = ["seed"]
