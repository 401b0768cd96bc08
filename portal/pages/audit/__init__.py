"""What happened: the log of events with its downloads, and the log of pulls with its gaps."""
