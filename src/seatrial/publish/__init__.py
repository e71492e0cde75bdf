"""After the push: a tagged release enters; its state on the index, an upload, an installation or an undo leaves.

All of them compare the index with the manifest of the release (`release_on_index`); start with `verify`.
"""
