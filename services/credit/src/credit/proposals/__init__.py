"""Proposals of the warnings, taken up by a person: a listing's draft, or notice to revoke an honour."""
