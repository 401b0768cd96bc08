"""The words for lists of people: what is wrong with a file, what became of a line. Knows Django."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals.requests.people_match import State
from grants.directory.list_errors import ListError

LIST_ERRORS: Mapping[str, Promise] = {
    "list_too_long": _("The list must be %(limit_kb)d KB or smaller. Yours is %(size_kb)d KB"),
    "too_many_people": _("You can add up to %(limit)d people. This list has %(count)d"),
    "file_too_big": _("The file must be smaller than %(limit_mb)d MB. Yours is %(size_mb)s MB"),
    "excel_workbook": _(
        "The file must be a CSV. Yours is an Excel workbook (%(extension)s). "
        "In Excel choose Save as, then CSV UTF-8"
    ),
    "zip_archive": _("The file must be a CSV. Yours is a ZIP archive. Unpack it and choose the CSV inside"),
    "pdf": _("The file must be a CSV. Yours is a PDF. Copy the people from it and paste them instead"),
    "unreadable_characters": _(
        "We could not read the characters in this file. Save it as CSV UTF-8 and try again"
    ),
    "empty_file": _("The file is empty"),
    "only_header": _("The file has a header but no people"),
    "bad_quotes": _("Line %(line)d has a quotation mark that does not match. Correct it and try again"),
    "cell_too_long": _("Line %(line)d has a cell that is too long. Check its quotation marks"),
    "too_many_columns": _("Line %(line)d has more than %(limit)d columns. Keep the columns about people"),
}

STATE_LABELS: Mapping[str, Promise] = {
    State.FOUND: _("Found"),
    State.ALREADY_HAS_ACCESS: _("Already has access"),
    State.NOT_FOUND: _("Not in the directory"),
    State.AMBIGUOUS: _("Several people have this name"),
    State.INACTIVE: _("No longer active"),
    State.REPEATED: _("Listed twice"),
}


def explain_list_error(error: ListError) -> str:
    """What is wrong with the list and what to do, in the language active now."""
    return str(LIST_ERRORS[error.code] % error.params)


def state_label(state: str) -> str:
    """The word for a line's state; raises KeyError for anything else."""
    return str(STATE_LABELS[state])
