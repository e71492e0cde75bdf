"""After the push: a tagged release enters; its state on the index, an upload, an installation or an undo leaves.

`release_on_index` compares the files on the index with the manifest, and `status` says what comes next, at any time.
Start with `verify`.
"""
