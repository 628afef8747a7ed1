"""The chapter of credit: import, simulate and publish, warn, inspect, list, object, repair."""
