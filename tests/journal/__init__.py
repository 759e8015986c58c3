"""The journal on a real PostgreSQL, with small aggregates of its own."""
