"""The simulated ConnectWise, fact by fact, over HTTP."""
