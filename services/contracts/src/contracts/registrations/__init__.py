"""Registered contracts: number, versions, ledger entry, life after registration; and refused attempts."""
