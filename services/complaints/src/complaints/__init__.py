"""TourTrust complaints: intake, routing, statutory procedure, compensation, documents, enforcement cases."""
