"""Intake: confirmed outcomes and alerts of other services enter as facts and warnings, once."""
