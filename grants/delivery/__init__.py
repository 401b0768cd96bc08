"""Making grants true at their targets, and proving that they ended."""
