"""Dataflow's flex templates and Cloud Scheduler's jobs."""
