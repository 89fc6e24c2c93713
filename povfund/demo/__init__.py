"""The demo world: real divisions and documents, invented people; made through the services."""
