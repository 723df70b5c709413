"""The fields of a row of a table, of JSON or of Avro: what is asked of them, and what is passed over."""
