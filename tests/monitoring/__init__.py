"""Being watched: the numbers, the alerts over them, the dashboard, the traces."""
