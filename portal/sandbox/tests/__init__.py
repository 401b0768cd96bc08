"""Tests of the stand-ins, with the real client libraries."""
