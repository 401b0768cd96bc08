"""The checks between a person and an image, in order, each with one thing to do: "Why can't I pull?"."""
