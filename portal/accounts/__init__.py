"""Sign-in: sessions, identity claims, API tokens."""
