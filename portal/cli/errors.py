"""What the commands of the demo raise."""


class DemoError(Exception):
    """The demo cannot start or go on; the text says why and what to do."""
