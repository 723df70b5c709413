"""The report of a hub: figures as JSON, and one page that shows them without a network."""
