"""Ports and engines: events (tantivy, in memory), cases (SQLAlchemy), files (content-addressed folder)."""
