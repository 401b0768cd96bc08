"""Commands about what outside systems tell."""
