"""Catalogues, systems register, evidence, assessment."""
