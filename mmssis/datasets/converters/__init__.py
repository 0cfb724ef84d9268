"""From the files of other data sets to COCO JSON; used by ``tools/dataset_converters``."""
