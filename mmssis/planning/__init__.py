"""What ``mmssis init`` makes of a user's data and machine: files, facts, choices, a config."""
