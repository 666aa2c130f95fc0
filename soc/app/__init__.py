"""Builds the object graph from settings; the pipeline; doctor; migrations."""
