"""文书: numbered statutory papers of every room, stored as encrypted data and typeset when they are read."""
