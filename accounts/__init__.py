"""People, abilities, tokens, the audit trail and working time."""
