"""The rules and other policy data for readers."""
