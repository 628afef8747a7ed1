"""失信主体名单: who is listed as seriously or slightly dishonest, by what procedure, and until when."""
