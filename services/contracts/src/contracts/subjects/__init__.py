"""The local copy of the credit archive's subjects, kept by events: the service works while credit is down."""
