"""Tests of credit. The policy files are read once, for every service and for the tests themselves."""

from functools import cache

from credit.rulebook.rules import Rulebook

Rulebook.load = cache(Rulebook.load)  # type: ignore[method-assign]
