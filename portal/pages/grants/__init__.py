"""Who may use what: the list of grants, one grant with people, deliveries and pulls, and what ends or lengthens it."""
