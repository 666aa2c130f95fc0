"""What was due and did not come: definitions in `rules/ledger`, judged by the time of the stream."""
