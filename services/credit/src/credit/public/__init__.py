"""What anyone may see without a token."""
