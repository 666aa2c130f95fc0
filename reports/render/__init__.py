"""From a document to bytes, one module for each form."""
