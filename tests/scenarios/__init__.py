"""Stories from the life of an MSP, told on a whole ledger in one thread: what the PSA must hold in the end."""
