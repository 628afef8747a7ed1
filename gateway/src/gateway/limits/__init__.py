"""How often one caller may come: per client and class of route, in this process's memory."""
