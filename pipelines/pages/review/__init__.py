"""Human review: a page on which samples are rated, and what the ratings of several people come to."""
