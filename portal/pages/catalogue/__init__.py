"""What can be asked for: the list of images, each image, and what administrators decide about it."""
