"""Everything that judges the data before training."""
