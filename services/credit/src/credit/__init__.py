"""Credit: archive, scoring, tiered supervision, warnings and randomised inspection."""
