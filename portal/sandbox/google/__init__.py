"""A stand-in for Google: Artifact Registry, Cloud Identity, IAM, IAM Credentials, KMS policies and the Docker host."""
