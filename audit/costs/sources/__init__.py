"""Adapters of usage sources: each reads one kind of system or file into plain records."""
