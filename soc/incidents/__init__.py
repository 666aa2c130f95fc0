"""From alerts to incidents: an immutable stream of events per incident, and its projections."""
