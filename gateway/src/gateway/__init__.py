"""The only public door: identity, tokens, limits, routing, API catalogue. No domain table, no domain rule."""
