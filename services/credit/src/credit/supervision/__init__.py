"""Tiered supervision: from a tier to the measures in force."""
