"""Live topic versions over websockets."""
