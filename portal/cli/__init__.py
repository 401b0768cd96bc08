"""Commands of the demo and of operators."""
