"""Views on a real PostgreSQL: whatever happened, and however it was cut into batches, the rows are the same."""
