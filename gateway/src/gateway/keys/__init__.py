"""The keys that sign access tokens: stored encrypted, published as a JWK set, rotated by command."""
