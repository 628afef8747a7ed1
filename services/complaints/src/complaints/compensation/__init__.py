"""What a tourist may be paid, reckoned by rule, each step with its article."""
