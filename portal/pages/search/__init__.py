"""One box for everything the viewer may see; Ctrl+K leads here."""
