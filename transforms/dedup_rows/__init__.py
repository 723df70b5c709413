"""The files that `dedup` leaves: rows as they were, dead letters, and the statistics that add up."""
