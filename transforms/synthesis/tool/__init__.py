"""Functions for assistants that call functions."""
