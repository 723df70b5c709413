"""How values travel through a shuffle."""
