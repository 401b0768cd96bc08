"""How names and addresses are compared: one folded form for what is stored and what is typed. Pure."""

import unicodedata


def fold(text: str) -> str:
    """The form in which names are compared: no invisible characters, NFKC, case folded, single spaces."""
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", seen).casefold()
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def fold_address(text: str) -> str:
    """The form in which e-mail addresses and user names are stored: NFKC, lower case, no outer spaces."""
    return unicodedata.normalize("NFKC", text).strip().lower()
