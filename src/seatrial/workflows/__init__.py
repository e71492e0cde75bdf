"""Generates the CI files of a project: its settings and sessions enter; file contents and differences leave.

`github` and `gitlab` have the jobs; `tag_in_ci` is what these jobs call about their tag. Start with `generate`.
"""
