"""Generates the CI files of a project: its settings and sessions enter; file contents and differences leave.

Start with `generate`.
"""
