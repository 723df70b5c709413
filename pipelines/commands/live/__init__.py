"""What is looked at while a job runs."""
