"""The story: one MSP's whole way, told over HTTP against the running system, every number checked on the way."""
