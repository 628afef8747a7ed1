"""One OpenAPI document for all services, and a page to read it that needs no other host."""
