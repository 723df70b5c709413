"""What a job is going to do, found out and checked before it runs."""
