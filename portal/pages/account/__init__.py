"""One's own settings, API tokens and pull tokens; secrets are shown once."""
