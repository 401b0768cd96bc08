"""A stand-in for a Kubernetes API server: as much of it as Purser's connector and keyless pulls need.

What it does not do: it runs no CEL (it knows the rule of Purser's policy and judges images as that rule does), checks
no schema and no quantity, has no controllers, no watch, no other admission than image rule, runtime class and service
account, and lets every caller do everything; who may do what is answered for others by SubjectAccessReview only.
Tests that need more run against a real API server (grants/connectors/tests/real_kubernetes.py).
"""
