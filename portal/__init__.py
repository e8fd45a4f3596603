"""The roof: settings, front door, engine, board, pages, health."""
