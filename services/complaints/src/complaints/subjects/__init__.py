"""A local copy of the credit service's subjects, so that complaints go on while credit is away."""
