"""Who said so."""
