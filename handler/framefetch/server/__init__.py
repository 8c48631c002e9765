"""What only the server on a machine has beside the service: connections, pages, the sample film."""
