"""The client of an MSP's ConnectWise PSA: everything that leaves our house over HTTP goes through here.

`guard` decides whom we may call, `discovery` finds where a tenant's API lives, `auth` signs, `budget` limits,
`exchange` carries one request, `pages` reads whole lists or none, `client` says it in business words, `probe` tests a
connection right by right. Nothing here knows the journal: callers pass values in and get values or a `PsaError` back.
"""
