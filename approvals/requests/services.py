"""What pages, the API and commands do with requests: one verb, one function, found here."""

from approvals.requests.adding import add_people
from approvals.requests.closing import lapse_due, nudge, withdraw
from approvals.requests.deciding import answer, decide
from approvals.requests.drafts import clone, copy_members, start_draft, update_draft
from approvals.requests.repairs import leave_out_faulty, repair_line
from approvals.requests.sending import edit, preview, submit

__all__ = [
    "add_people",
    "answer",
    "clone",
    "copy_members",
    "decide",
    "edit",
    "lapse_due",
    "leave_out_faulty",
    "nudge",
    "preview",
    "repair_line",
    "start_draft",
    "submit",
    "update_draft",
    "withdraw",
]
