"""What edges give to the rooms below."""
