"""From the wire to an ECS event: input, spool, parse, redact, normalise, enrich."""
