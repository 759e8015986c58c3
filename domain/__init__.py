"""What PSA Ledger knows, as pure values and functions.

Five aggregates (`connection`, `organization`, `company_mapping`, `addition`, `run`) hold their facts, their state,
their decisions and their `evolve`. `quantity_rules` turns a timeline into the number of a month. Nothing here reads
a clock, a database or a network; the standard library is all it imports.
"""
