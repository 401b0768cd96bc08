"""Pages about requests: the list, writing one step by step, checking and sending it, following it."""
