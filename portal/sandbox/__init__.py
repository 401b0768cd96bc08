"""Small stand-ins for the outside world: for the demo and the tests, speaking the real protocols."""
