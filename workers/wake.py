"""The channel on which dispatchers are told to look again before their next poll."""

CHANNEL = "psa_ledger_dispatch"
