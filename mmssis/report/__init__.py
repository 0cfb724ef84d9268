"""The page of a run or of a folder of pseudo labels: what ``mmssis report`` writes."""
