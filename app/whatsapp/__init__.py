"""Meta's dialect: the only room that knows the JSON of the Cloud API."""
