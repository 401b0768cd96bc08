"""Tests of the connectors, and the contract suite every connector must pass."""
