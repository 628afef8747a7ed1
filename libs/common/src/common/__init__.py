"""What every TourTrust service shares, and nothing of any one's domain."""
