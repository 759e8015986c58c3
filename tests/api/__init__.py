"""The API we ship, asked over HTTP, on a real PostgreSQL with a projector at work and a simulated ConnectWise."""
