"""Access tokens: made here, and judged here before a request goes further."""
