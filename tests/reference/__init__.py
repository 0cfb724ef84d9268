"""Second, naive writings of what the package computes: slow, and read beside the papers."""
