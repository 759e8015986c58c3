"""The `psa-ledger` command: what people and `make` call to start, look at and drive PSA Ledger.

One module per group of verbs; a verb that starts a process loads that process's room only.
"""
