"""The promise of the product under random histories, planted bugs and crashes at every step."""
