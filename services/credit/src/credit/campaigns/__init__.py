"""Special campaigns: scope, targets, joint tasks, progress, final report."""
