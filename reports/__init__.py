"""From an assessment to a document, from a document to bytes: HTML, PDF; verification."""
