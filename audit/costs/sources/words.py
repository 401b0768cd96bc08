"""The sentences for what is wrong with a file or an answer, by code; translated when they are shown."""

from collections.abc import Mapping

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, Promise] = {
    "empty": _("The file is empty."),
    "too_big": _("The file is larger than %(limit)s MB. Send it in parts, for example a month each."),
    "too_many_rows": _("The file has more than %(limit)s rows. Send it in parts, for example a month each."),
    "too_deep": _("The file is nested too deeply."),
    "unknown_format": _("This is no format that is known. Name the format, or send another file."),
    "not_text": _("The characters cannot be read. Save the file as UTF-8."),
    "workbook": _("This is a workbook or an archive. Save the sheet as CSV and send that."),
    "bad_quotes": _("A quotation mark is not closed."),
    "not_json": _("This is not valid JSON."),
    "not_parquet": _("This is not a Parquet file that can be read."),
    "bad_shape": _("The document has another form than expected here."),
    "no_rows": _("The file has a header and nothing below it."),
    "no_gpus": _("Nothing in the file is about GPUs."),
    "missing_column": _("The column is missing."),
    "double_column": _("The column stands there twice."),
    "cells": _("The row has %(found)s cells, the header has %(wanted)s."),
    "missing": _("A value is needed."),
    "bad_time": _("This is not a date and time: %(value)s. Write it like 2026-03-01T08:00:00Z."),
    "no_zone": _("The time needs its zone, for example a Z at the end for UTC: %(value)s."),
    "far_time": _("The time lies before 2010 or after 2099: %(value)s."),
    "bad_order": _("The end is not after the start."),
    "too_long": _("The row covers more than %(limit)s days."),
    "bad_number": _("This is not a number: %(value)s."),
    "negative": _("The number may not be negative: %(value)s."),
    "not_positive": _("The number must be more than 0: %(value)s."),
    "too_large": _("The number is larger than %(limit)s: %(value)s."),
    "not_share": _("The number must lie between 0 and 1: %(value)s."),
    "longer_than_held": _("There are more active hours than held ones."),
    "bad_choice": _("The value must be one of %(choices)s: %(value)s."),
    "long_text": _("The text is longer than %(limit)s characters."),
    "bad_pairs": _("This is not a JSON object of names and texts: %(value)s."),
    "bad_unit": _("GPU hours cannot be worked out from this unit: %(value)s."),
    "bad_currency": _("This is not a currency's three letters: %(value)s."),
    "other_currency": _("The file has more than one currency: %(value)s."),
    "unknown_hours": _("GPUs cost something here, but their hours are not said."),
    "not_hours": _("The step does not begin and end on a full hour."),
    "whole_step": _("The time lies outside its step."),
    "double_step": _("The same hour stands there twice."),
    "failed_answer": _("The system answered with an error instead of data."),
    "no_metric": _("The series does not name its metric."),
    "other_metric": _("This metric says nothing about the activity of GPUs: %(value)s."),
    "no_gpu_name": _("The series does not name its GPU (label UUID)."),
    "bad_value": _("%(value)s"),
}


def _fill(code: str, facts: tuple[tuple[str, str], ...]) -> str:
    return str(SENTENCES[code]) % dict(facts)


_filled = lazy(_fill, str)


def sentence(code: str, **facts: object) -> object:
    """The sentence of a code with its facts, as a text that is translated when it is read."""
    return _filled(code, tuple((name, str(value)) for name, value in facts.items()))
