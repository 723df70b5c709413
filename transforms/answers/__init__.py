"""When two answers are the same: numbers, typed values and formulas in several languages; without Beam."""
