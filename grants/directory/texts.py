"""The sentences people read about faults of a directory file."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.directory.types import Fault

FAULTS: Mapping[str, Promise] = {
    "missing": _("Enter a value"),
    "too_long": _("“%(value)s…” is too long"),
    "bad_email": _("“%(value)s” is not an e-mail address"),
    "bad_user_name": _("“%(value)s” is not a user name"),
    "bad_key": _("“%(value)s” is not a key. Use small letters, digits and hyphens"),
    "bad_jira_project": _("“%(value)s” is not a Jira project key such as AF"),
    "bad_jira_issue": _("“%(value)s” is not a Jira issue key such as AF-12"),
    "bad_namespace": _("“%(value)s” is not a namespace. Use small letters, digits and hyphens"),
    "bad_number": _("“%(value)s” is not a whole number that fits here"),
    "not_yes_or_no": _("“%(value)s” is neither yes nor no"),
    "unknown_team": _("There is no team “%(value)s”. Import the teams first"),
    "unknown_team_role": _("“%(value)s” is not a place in a team. Write lead or member"),
    "unknown_role": _("“%(value)s” is not a role"),
    "unknown_state": _("“%(value)s” is not a state. Write open or closed"),
    "role_without_team": _("“%(value)s” needs a team beside it"),
    "contradicts": _("“%(value)s” contradicts an earlier line about the same person"),
    "repeated": _("“%(value)s” stands for two entries of this file"),
    "namespace_taken": _("“%(value)s” belongs to another open project"),
    "taken": _("“%(value)s” belongs to another person"),
    "two_people": _("These addresses belong to two people: %(value)s"),
    "own_account": _("You cannot disable your own account"),
    "too_many_cells": _(
        "This line has %(value)s cells, more than the header. Put texts with commas in quotes"
    ),
    "unknown_header": _(
        "The first line names no columns we know: %(value)s. Download a template to see the columns"
    ),
    "file_too_big": _("The file is too big (MB allowed, MB given: %(value)s)"),
    "excel_workbook": _(
        "The file must be a CSV. Yours is an Excel workbook (%(value)s). In Excel choose Save as, then CSV UTF-8"
    ),
    "zip_archive": _("The file must be a CSV. Yours is a ZIP archive. Unpack it and choose the CSV inside"),
    "pdf": _("The file must be a CSV. Yours is a PDF"),
    "unreadable_characters": _(
        "We could not read the characters in this file. Save it as CSV UTF-8 and try again"
    ),
    "empty_file": _("The file is empty"),
    "only_header": _("The file has a header but no lines"),
    "bad_quotes": _("A quotation mark in this line does not match"),
    "cell_too_long": _("A cell of this line is too long. Check its quotation marks"),
    "too_many_columns": _("This line has too many columns (at most %(value)s)"),
}


def explain_fault(fault: Fault) -> str:
    """What is wrong and what to do, in the language active now."""
    return str(FAULTS[fault.code]) % {"value": fault.value}
