"""What the command line says instead of a traceback."""


class PurserError(Exception):
    """A sentence for the person in front of the terminal; `code` is the server's, where it has one."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class NotSignedIn(PurserError):
    """Nobody is signed in, or the sign-in is over."""

    def __init__(self) -> None:
        super().__init__("You are not signed in, or your sign-in is over. Run: purser login")
