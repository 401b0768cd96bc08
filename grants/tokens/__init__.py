"""Pull credentials and the registry token service."""
