"""A ledger on several machines: network namespaces for hosts, real processes, links that are cut and mended."""
