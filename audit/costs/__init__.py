"""GPU usage and what it costs."""
