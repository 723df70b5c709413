"""What a hub is about: a tree of clusters over its vectors, and the words that tell them apart; numpy without Beam."""
