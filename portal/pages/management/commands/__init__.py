"""Commands of the pages: the browser assets."""
