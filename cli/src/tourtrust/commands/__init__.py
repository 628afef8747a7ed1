"""The subcommands, one module each: arguments and words; the work is done elsewhere."""
