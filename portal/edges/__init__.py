"""What both edges, pages and the API, need alike: how far a viewer reads the logs, and changes that span rooms."""
