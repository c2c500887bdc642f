"""The Faust tables: what the broker remembers, in changelogs that Kafka keeps."""
