"""Tests of how usage is stored, priced, attributed and added up."""
