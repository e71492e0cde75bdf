"""Reads a project's files and writes versions and changelog entries into them: a folder enters, frozen values leave.

`find_versions` finds where the version is written, `read_changelog` reads the entries of a changelog, and
`write_version` and `write_entry` write both (`release_section` where there are no fragments); `versions` computes the
next version, and `tag_form` decides which form tags have. Start with `project`.
"""
