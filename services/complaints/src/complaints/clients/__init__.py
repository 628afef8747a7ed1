"""Narrow clients to other services, with this service's own models of their answers."""
