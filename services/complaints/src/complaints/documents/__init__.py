"""文书: numbered statutory papers, ordered with the event that causes them and typeset beside requests."""
