"""Token sets, signatures, cells and representatives: numpy, no Beam."""
