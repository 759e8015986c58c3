"""Tests, one folder per package; each name is a sentence that must be true."""
