"""A small Harbor (API v2.0 and the Docker protocol) for the demo and the tests."""
