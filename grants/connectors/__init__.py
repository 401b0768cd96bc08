"""One module per kind of outside system; no Django and no models in here."""
