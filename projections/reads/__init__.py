"""Questions to the views: SQL with typed rows, one module per view. Reads only, and never the journal's own tables.

Every question names its MSP in its first condition, so no answer mixes two. Lists come in pages by keyset: a row's
own sort key is its cursor, and a page costs the same wherever it begins.
"""
