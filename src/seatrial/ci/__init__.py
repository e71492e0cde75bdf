"""Reads the CI files of a project and the runs of its CI service: texts enter; workflows, jobs and publishers leave.

Start with `github`.
"""
