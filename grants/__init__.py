"""Who may use what, and making it true."""
