"""The policy files of this service, loaded once and chosen by day and place."""
