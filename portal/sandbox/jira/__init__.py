"""A stand-in for Jira, Cloud or Data Center, that the real client library and our webhook endpoint talk to."""
