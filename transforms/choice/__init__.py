"""Which personas of a hub are used: a language of conditions, and choices that do not depend on a runner. No Beam."""
