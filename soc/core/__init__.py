"""Words every other package shares: events, severities, ids, time, errors, settings, languages. No IO beyond reading settings."""
