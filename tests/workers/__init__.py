"""The workers: jobs called as the actors call them, on a real database and the simulator over HTTP."""
