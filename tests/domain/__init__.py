"""The domain by its stories: given facts, when something is decided, then facts or a refusal."""
