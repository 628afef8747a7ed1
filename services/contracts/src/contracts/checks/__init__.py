"""What the law asks of a contract: pure checks over one document, with their findings."""
