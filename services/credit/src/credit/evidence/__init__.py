"""Evidence: files beside facts and objections, by the hash of their bytes, encrypted at rest."""
