"""Scenarios, injects, scoring, after-action facts."""
