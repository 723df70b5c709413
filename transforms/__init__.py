"""The steps of the pipeline and the rooms that support them."""
