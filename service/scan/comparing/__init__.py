"""What differs: between two endpoints, between two times, or while endpoints are watched."""
