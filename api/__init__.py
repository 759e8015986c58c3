"""The GraphQL API: what MSP admins, auditors and the vendor's platform ask and tell PSA Ledger.

A request comes in with a bearer token (`tokens`), becomes an `Asking` (`context`), and meets one feature module per
subject: it reads views, or lets a pure decision of the domain speak through the journal and answers once the views
hold what was recorded. Refusals become members of result unions (`errors`); everything else is a bug and masked.
"""
