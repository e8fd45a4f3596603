"""Ground floor: what two rooms or more need and no room owns."""
