"""Every effect outward: outbox, channels, messages, obligations."""
