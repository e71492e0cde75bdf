"""One module for each tool, each with only the verbs that seatrial needs."""
