"""A stand-in for OpenCost: what pods held and what nodes there were, as its API says it."""
