"""The imperative shell round the event store: what happened, in one order, on PostgreSQL.

`application.Journal` is what other rooms call: it loads a stream's folded state, lets a pure decision speak, and
appends its facts atomically (`recorder`), in canonical bytes (`codec`) and with who and why (`entry`). `follow`
tells views that something new is there. Round it stand the ledger's one `clock`, the `vault` for credentials, the
`settings`, the one `migrate` command and, for people without a server, an embedded PostgreSQL (`postgres`).
"""
