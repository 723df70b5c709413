"""The one door to files, on a local disk and on every storage which Beam knows (gs://, s3://, hdfs://)."""
