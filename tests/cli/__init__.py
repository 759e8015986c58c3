"""Tests of the command line: the supervisor, its verbs, and the whole story on a really started system."""
