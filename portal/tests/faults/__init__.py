"""The fault run: grants come and go at each kind of target while it fails and workers are killed; an oracle watches."""
