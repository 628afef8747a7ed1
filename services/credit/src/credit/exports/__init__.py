"""Exports and the feed of changes: what other departments may take, limited to their regions, audited."""
