"""ClusterPersonas: which cluster each persona of a version belongs to, and what the clusters are about."""
