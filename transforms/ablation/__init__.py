"""The experiment `ablate`: arms that differ in their personas alone, and what tells them apart. No Beam."""
