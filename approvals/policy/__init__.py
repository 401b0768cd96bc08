"""What may be asked for: pure checks over facts, and the words that explain them."""
