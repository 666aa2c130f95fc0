"""Elasticsearch as an event store: layout of a document, queries, counting, writing. The store itself: `soc.storage.elastic_store`."""
