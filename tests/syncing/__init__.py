"""Setting up and syncing with open eyes, from the API through the workers to the PSA and back."""
