"""HTTP routes, one module for each part of the service."""
