"""What a data set says of itself: its card, and Croissant metadata."""
