"""The pull log."""
