"""How text is cleaned and compared: one folded form for what is stored and for what is typed. Pure."""

import re
import unicodedata

# What nobody sees and no directory holds: control, zero-width and direction marks, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_NEW_LINES = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def clean(text: str) -> str:
    """The text without invisible and control characters, its line ends all alike."""
    return _NEW_LINES.sub("\n", _INVISIBLE.sub("", text))


def fold(text: str) -> str:
    """The form in which tokens and directory values are compared: NFKC, case folded, single spaces."""
    plain = unicodedata.normalize("NFKC", clean(text)).casefold()
    return " ".join(clean(unicodedata.normalize("NFKC", plain)).split())


def fold_address(text: str) -> str:
    """The form in which e-mail addresses and user names are stored: NFKC, lower case, no outer spaces."""
    return unicodedata.normalize("NFKC", clean(text)).strip().lower()
