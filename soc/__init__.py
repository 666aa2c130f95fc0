"""Vọng Gác: security operations and compliance for a Vietnamese province."""
