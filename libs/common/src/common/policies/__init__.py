"""Law and local rules as versioned data: files, versions by date and place, conditions in CEL.

Code holds the mechanism, `policies/*.yaml` the content. A file holds one policy or a list of them; each names
its legal basis and whether somebody has checked it against the source. Files are read once at start; one that
is not wholly understood stops the start.
"""

from .conditions import CompiledWith, Condition
from .errors import PolicyError, PolicyNotInForce
from .files import read_policy_file
from .model import WHOLE_COUNTRY, AnyPolicy, Policy, PolicySet, PolicyStatus
from .printing import PolicyView, policies_payload, printed

__all__ = [
    "WHOLE_COUNTRY",
    "AnyPolicy",
    "CompiledWith",
    "Condition",
    "Policy",
    "PolicyError",
    "PolicyNotInForce",
    "PolicySet",
    "PolicyStatus",
    "PolicyView",
    "policies_payload",
    "printed",
    "read_policy_file",
]
