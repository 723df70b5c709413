"""What checks that ask a model are tested with."""
