"""Template tags of the pages: the components of the design system."""
