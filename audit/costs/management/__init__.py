"""Commands of the cost room."""
