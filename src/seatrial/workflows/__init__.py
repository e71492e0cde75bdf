"""The files that CI is told by: written from the project and its sessions, and compared with them."""
