"""Many contracts in one request: lines in, lines out."""
