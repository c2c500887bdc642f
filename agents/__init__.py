"""The processors: each a thin loop around a plain class."""
