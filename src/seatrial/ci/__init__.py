"""Reads the CI files of a project and the runs of its CI service: texts enter; workflows, jobs and publishers leave.

`github` is the model of a workflow, `evaluation` decides what an event starts, `job_uploads` finds the uploads,
`publisher` decides who publishes a tag, and `forge` asks GitHub about runs and requests. Start with `github`.
"""
