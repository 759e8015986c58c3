"""A second opinion: what design.md §3 to §5 says about quantities, computed naively and compared with the domain."""
