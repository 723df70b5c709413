"""The public transforms: the steps of the DAG on plain records, for pipelines of one's own; see docs/api.md."""
