"""One small fixed world for all tests, and plain factories with fixed defaults."""
