"""执法案件: from clue to penalty, with the party's rights in between and two persons behind each decision."""
