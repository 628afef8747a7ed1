"""Relations: who is a branch of whom, who works for whom, who answers for whom."""
