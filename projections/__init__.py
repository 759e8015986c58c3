"""What people and workers look at: tables folded from the journal, and nothing that could not be folded again.

One follower reads the journal in batches, folds every entry into its stream's state once, shows each view the entry
with the state before and after it, and writes the rows of all views with their position in one transaction
(`follower`, `folds`, `view`). One module per view says what its rows are. `rebuild` folds views anew beside the ones in
use, `freshness` waits until the views hold what somebody just recorded. `directory` is no view: it is a cache of the
companies and agreements that an import found in the PSA.
"""
