"""The price watch: alerts on unreasonably low prices, for officers and for the credit archive."""
