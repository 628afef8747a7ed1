"""Who may come in: clients, users, guests; their secrets, and what each may do."""
