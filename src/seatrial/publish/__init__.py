"""After the push: a tagged release enters; its state on the index, an upload or an undo leaves.

Start with `verify`.
"""
