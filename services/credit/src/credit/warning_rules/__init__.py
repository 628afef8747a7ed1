"""Warning rules as readers and writers see them: versions, activation by a second person, precision."""
