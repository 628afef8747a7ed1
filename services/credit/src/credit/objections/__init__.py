"""Objections: what a subject disputes, decided by another officer, and all that a wrong fact has touched."""
