"""Programs that mean harm, and what the sandbox costs those that mean none."""
