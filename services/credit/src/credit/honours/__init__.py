"""Honours: honest enterprises, quality pledges and marks; granted and revoked by procedure."""
