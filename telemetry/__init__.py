"""What a process tells about itself: numbers for Prometheus, traces for OpenTelemetry, and whether all is well.

Nothing here knows a rule of the ledger, and nothing in the ledger depends on being watched. Numbers carry no name of an
MSP and no id: they are totals, so whoever may read them learns nothing about one tenant.
"""
