"""Who may do what, for every address and verb: the table is data, the walk finds what the table forgot."""
