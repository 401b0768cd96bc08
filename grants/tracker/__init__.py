"""Jira: is the project over?"""
