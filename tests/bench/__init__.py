"""What a bench says and keeps; the measuring itself is no test."""
