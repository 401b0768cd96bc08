"""HTTP of the registry token service."""
