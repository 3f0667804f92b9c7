"""What systems share that classify pictures."""
