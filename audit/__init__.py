"""What happened and what it cost: history that nobody can change unseen."""
