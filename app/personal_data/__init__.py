"""Personal data requests: people ask for a copy or the deletion of their data, staff carry it out."""
