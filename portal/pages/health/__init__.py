"""Whether Purser and what it stands on work: a page for administrators, and JSON for machines."""
