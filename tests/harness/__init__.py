"""Real servers for tests: private PostgreSQL, Redis, SMTP sink, TCP proxy, and the portal itself."""
