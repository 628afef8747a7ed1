"""Which body answers for a text: reading it, sorting it, and naming the rule behind each step."""
