"""A release rehearsed: the same release in another world, which has a remote and an index of its own."""
