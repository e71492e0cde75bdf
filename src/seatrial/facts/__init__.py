"""Frozen facts: what checks and plans reason about, one module for each subject."""
