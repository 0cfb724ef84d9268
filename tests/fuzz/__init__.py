"""Mutated annotation files, images and configs through the users' own path, see test_fuzz.py."""
