"""The format of `policies/commitments.yaml`: how long a subject is heard before a breach may be confirmed."""

from common.policies import Policy

from credit.listings.policy import Article, Term

__all__ = ["CommitmentPolicy"]


class CommitmentPolicy(Policy):
    """`hearing`: the working days for a statement, from the notice; `heard_first`: why none is left out."""

    hearing: Term
    heard_first: Article
