"""From the event log and the registry to reviews: what monitoring reads, and in which order."""
