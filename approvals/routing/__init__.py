"""Lanes: which are asked, who may decide in them, and by when."""
