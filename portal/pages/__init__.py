"""The pages people use, and the frame around them."""
