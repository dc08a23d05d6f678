"""What Studio answers over HTTP, one module a subject."""
