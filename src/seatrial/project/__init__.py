"""Reads a project's files and writes versions and changelog entries into them: a folder enters, frozen values leave.

Start with `project`.
"""
