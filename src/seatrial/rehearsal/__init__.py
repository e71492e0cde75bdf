"""Rehearses a release in a sandbox with its own remote, index and token issuer: a project enters, a report leaves.

The release itself is the real one, run as a command in the sandbox. `network` has the servers, `oidc` the tokens, and
`ci` does what the jobs of a workflow would. Start with `rehearse`.
"""
