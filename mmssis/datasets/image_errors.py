"""The error of an image that cannot be read."""


class UnreadableImageError(OSError):
    """An image file that is missing, truncated or not an image.

    It is an ``OSError``, so data sets treat it like a file that cannot be opened.
    """
