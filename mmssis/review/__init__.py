"""Choose unlabeled images to look at, show their pseudo labels, and take decisions back."""
