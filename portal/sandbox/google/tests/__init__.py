"""Tests of the Google stand-in."""
