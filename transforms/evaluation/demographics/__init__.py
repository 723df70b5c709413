"""Demographics of a hub: shares of attributes beside reference populations, associations, and balance."""
