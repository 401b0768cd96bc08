"""The edge of Purser: settings, sign-in, pages, API, live updates, webhooks."""
