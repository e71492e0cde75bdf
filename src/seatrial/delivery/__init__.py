"""After the push: a release is watched, compared with its proof, installed, uploaded by hand, or undone."""
