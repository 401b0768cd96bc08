"""How fast Purser is, measured on a database of its own and printed beside the limits."""
