"""Every reason why a release would fail, found before there is a tag."""
