"""Syntax: a file cut into definitions that LibCST parses when somebody runs them, and the places of nodes."""
