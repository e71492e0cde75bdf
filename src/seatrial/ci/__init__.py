"""Reads the CI files of a project and the runs of its CI service: texts enter; workflows, jobs and publishers leave.

`github` is the model of a workflow, `evaluation` decides what an event starts, `job_uploads` finds the uploads, and
`forge` asks GitHub or GitLab. Start with `github`.
"""
