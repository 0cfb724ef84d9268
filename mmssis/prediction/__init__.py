"""What a trained model sees in images and videos: pictures and a COCO file."""

from .detector import Detector
from .found_model import FoundModel, find_model
from .results import Results
from .sources import Source, list_sources

__all__ = ['Detector', 'FoundModel', 'Results', 'Source', 'find_model', 'list_sources']
