"""What the embedded services raise."""


class EmbeddedError(Exception):
    """An embedded service could not be found, prepared, started or reached; the text says what to do."""
